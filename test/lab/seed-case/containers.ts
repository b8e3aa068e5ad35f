// What really runs and answers, by the kernel's account and over the network; neither fleet nor podman is asked.
import { readFileSync } from "node:fs";
import { pidsBelow, runCommand } from "@fleet/lab";
import type { MachineLab } from "../lab.js";
import { addressOf } from "../network.js";

/** What cAdvisor of a machine answers to somebody else in its network. */
export interface Answer {
  readonly machine: string;
  readonly address: string;
  /** curl's exit status: 0 if there was an answer, 7 if nobody listens. */
  readonly curlStatus: number | undefined;
  /** Of HTTP; 0 if there was no answer. */
  readonly httpStatus: number;
  /** How many samples the page has. */
  readonly samples: number;
  /** What it says it is. */
  readonly version?: string;
}

const requestSeconds = "10";

/** Asks `http://<machine>:8080/metrics` with curl, from the lab's own end of the network. */
export async function askMetrics(lab: MachineLab, machine: string): Promise<Answer> {
  const address = `http://${addressOf(machine)}:8080/metrics`;
  const network = ["-t", String(lab.holder.identity.pid), "-n", "--"];
  const words = ["curl", "-s", "-m", requestSeconds, "-w", "\\n%{http_code}", address];
  const asked = await runCommand(["nsenter", ...network, ...words]);
  const lines = asked.stdout.split("\n");
  const version = /^cadvisor_version_info\{[^}]*cadvisorVersion="([^"]*)"/m.exec(asked.stdout)?.[1];
  return {
    machine,
    address,
    curlStatus: asked.code,
    httpStatus: Number(lines.at(-1)),
    samples: lines.filter((line) => /^[a-z]/.test(line)).length,
    ...(version === undefined ? {} : { version }),
  };
}

/** Whether it is cAdvisor that answers, with something to tell. */
export function isAnswered(answer: Answer): boolean {
  return answer.httpStatus === 200 && answer.version !== undefined && answer.samples > 50;
}

/** The cgroups, below a machine's own, of its processes of that name. */
export async function groupsOf(lab: MachineLab, machine: string, comm: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await pidsBelow(lab.holder.group(machine))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, "utf8").trim() !== comm) continue;
      const group = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
      // As the kernel tells it to this process, which is elsewhere in the hierarchy.
      found.push(group.slice(group.indexOf("/payload/") + "/payload".length));
    } catch {
      // It ended while it was looked at.
    }
  }
  return found;
}

/** What podman on a machine says of its containers: name and status of each, also of those that ended. */
export async function listContainers(lab: MachineLab, machine: string): Promise<readonly string[]> {
  const format = "{{.Names}} {{.Image}} {{.State}}";
  const said = await lab.machines.execOrThrow(machine, "podman", "ps", "--all", "--format", format);
  return said.split("\n").filter((line) => line !== "");
}

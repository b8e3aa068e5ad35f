import { request } from "node:http";
import type { StatusV2 } from "@fleet/client";
import type { MachineLab } from "../lab.js";

const timeoutMs = 3_000;

/**
 * Asks a machine's fleetd over its unix socket, which is reached without the lab's network.
 * @returns the parsed body; `undefined` if nobody answers, or with something other than JSON.
 */
export async function askApi(lab: MachineLab, machine: string, path: string): Promise<unknown> {
  const leader = await lab.machines.leader(machine);
  if (leader === undefined) return undefined;
  const socketPath = `/proc/${leader}/root/run/fleet.sock`;
  return await new Promise((resolve) => {
    const asked = request({ socketPath, path, timeout: timeoutMs, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      answer.on("end", () => resolve(parse(body)));
      answer.on("error", () => resolve(undefined));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What a machine's fleetd says of itself; `undefined` if it does not answer. */
export async function askStatus(lab: MachineLab, machine: string): Promise<StatusV2 | undefined> {
  return (await askApi(lab, machine, "/fleet/v2/status")) as StatusV2 | undefined;
}

/** The name of the machine whose fleetd leads, by what those say that answer; `undefined` while none is known. */
export async function leadingMachine(lab: MachineLab): Promise<string | undefined> {
  for (const machine of lab.machines.names) {
    if ((await lab.machines.state(machine)) !== "on") continue;
    const leader = (await askStatus(lab, machine))?.leader;
    if (leader === undefined || leader === "") continue;
    return lab.machines.names.find((name) => lab.machines.id(name) === leader);
  }
  return undefined;
}

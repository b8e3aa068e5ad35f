import { basename, relative } from "node:path";
import { LabError } from "@fleet/lab";
import type { Stage } from "../e2e/stage.js";
import { type Answer, askMetrics, groupsOf, isAnswered, listContainers } from "./containers.js";

// A container takes its time to start on a busy host, and cAdvisor five seconds more to look around.
const answerTimeoutMs = 90_000;
const stopTimeoutMs = 60_000;

/** A command as a user types it, and what it printed. */
export interface Said {
  readonly command: string;
  readonly output: readonly string[];
}

/** What is on the machines at one time. */
export interface Look {
  readonly when: string;
  readonly answers: readonly Answer[];
  /** The cgroups of each machine's cAdvisor processes. */
  readonly processes: Readonly<Record<string, readonly string[]>>;
  /** `podman ps --all` of each machine. */
  readonly containers: Readonly<Record<string, readonly string[]>>;
}

/** What the scenario saw, beside what the stage records. */
export interface SeedRecord {
  readonly said: Said[];
  readonly looks: Look[];
}

// Files of the checkout have their place in it, others only a name.
function nameOf(file: string): string {
  const place = relative(process.cwd(), file);
  return place.startsWith("..") ? basename(file) : place;
}

/** What is done with the units of the seed case, on a stage and with a record. */
export class Steps {
  readonly #stage: Stage;
  readonly #record: SeedRecord;

  constructor(stage: Stage, record: SeedRecord) {
    this.#stage = stage;
    this.#record = record;
  }

  /** Types a fleetctl command, which must succeed. @returns the rows that it printed. */
  async type(...args: readonly string[]): Promise<readonly string[]> {
    const shown = args.map((word) => (word.startsWith("/") ? nameOf(word) : word));
    const { value } = await this.#stage.act(
      `fleetctl ${shown.join(" ")}`,
      async () => await this.#stage.fleetctl(args),
    );
    if (value.code !== 0) throw new LabError("failed", `fleetctl ${shown.join(" ")}: ${value.stderr.trim()}`);
    const output = `${value.stdout}${value.stderr}`.split("\n").filter((line) => line !== "");
    this.#record.said.push({ command: `fleetctl ${shown.join(" ")}`, output });
    return output;
  }

  /** Waits until cAdvisor answers on these machines. @returns when it did. */
  async untilAnswered(machines: readonly string[]): Promise<number> {
    const { lab } = this.#stage;
    return await this.#stage.until(
      `cAdvisor to answer on ${machines.join(", ")}`,
      answerTimeoutMs,
      async () => {
        const answers = await Promise.all(machines.map((machine) => askMetrics(lab, machine)));
        return answers.every(isAnswered);
      },
    );
  }

  /** Records what is there: one cAdvisor on each of `expected`, in a container, and none on the others. */
  async look(when: string, expected: readonly string[]): Promise<void> {
    const { lab } = this.#stage;
    const on: string[] = [];
    for (const machine of this.#stage.machines)
      if ((await lab.machines.state(machine)) === "on") on.push(machine);
    const answers = await Promise.all(on.map((machine) => askMetrics(lab, machine)));
    const processes: Record<string, readonly string[]> = {};
    const containers: Record<string, readonly string[]> = {};
    for (const machine of on) {
      processes[machine] = await groupsOf(lab, machine, "cadvisor");
      containers[machine] = await listContainers(lab, machine);
    }
    this.#record.looks.push({ when, answers, processes, containers });
    for (const answer of answers) {
      const { machine } = answer;
      const isWanted = expected.includes(machine);
      const count = processes[machine]?.length ?? 0;
      const running = containers[machine]?.filter((line) => line.endsWith(" running")).length ?? 0;
      const expect = (holds: boolean, what: string): void =>
        this.#stage.expect("I1", holds, `${when}: ${what}`);
      expect(isAnswered(answer) === isWanted, `${answer.address} answers ${answer.httpStatus}`);
      expect(count === (isWanted ? 1 : 0), `${count} processes of cAdvisor on ${machine}`);
      expect(running === (isWanted ? 1 : 0), `podman on ${machine} says that ${running} containers run`);
      this.#stage.say(
        `${answer.address}: ${isAnswered(answer) ? `cAdvisor ${answer.version}, ${answer.samples} samples` : "no answer"}; processes: ${processes[machine]?.join(" ") || "none"}`,
      );
    }
  }

  /** Holds that list-units shows a unit as running on exactly these machines. */
  async listUnits(unit: string, expected: readonly string[]): Promise<void> {
    const rows = await this.type("list-units", "--full");
    const { machines } = this.#stage.lab;
    for (const machine of this.#stage.machines) {
      const shown = rows.filter(
        (row) =>
          row.startsWith(unit) && row.includes(machines.id(machine)) && /\tactive\t+running$/.test(row),
      );
      const wanted = expected.includes(machine) ? 1 : 0;
      this.#stage.expect("I1", shown.length === wanted, `list-units has ${shown.length} rows for ${machine}`);
    }
  }

  /** Stops a unit, holds that nothing is left of it anywhere, and destroys it. */
  async stop(unit: string): Promise<void> {
    const stage = this.#stage;
    stage.ask(unit);
    const stopMs = stage.nowMs();
    await this.type("stop", unit);
    const endedMs = await stage.until(`${unit} to end everywhere`, stopTimeoutMs, () => {
      return stage.placesOf(unit).length === 0;
    });
    stage.ask(unit);
    stage.measure(`stop of ${unit} to ended on every machine`, endedMs - stopMs);
    await this.type("list-units", "--full");
    await this.look(`${unit} was stopped`, []);
    await stage.destroy([unit]);
  }
}

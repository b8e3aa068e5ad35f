import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FleetCluster } from "@fleet/demo";
import { until } from "@fleet/lab";
import { expectationOf, expectedOutput, normalised, type Said } from "./output.js";
import { type CommandStep, type Step, textOf, wordsOf } from "./transcript.js";

const everyMs = 50;

/** Where one transcript is played: a cluster without units, and a directory for its files. */
export class Stage {
  readonly #cluster: FleetCluster;
  readonly #directory: string;
  readonly #machineIds: readonly string[];
  readonly #earlier = new Map<string, string>();
  readonly #patienceMs: number;

  private constructor(cluster: FleetCluster, directory: string, patienceMs: number) {
    this.#cluster = cluster;
    this.#patienceMs = patienceMs;
    this.#directory = directory;
    this.#machineIds = cluster.machines.map(({ machineId }) => machineId).sort();
  }

  /**
   * Prepares a stage.
   * @param patienceMs - How long a command is repeated that says what is expected eventually.
   */
  static async open(cluster: FleetCluster, patienceMs: number): Promise<Stage> {
    return new Stage(cluster, await mkdtemp(join(tmpdir(), "fleet-transcript-")), patienceMs);
  }

  /** Does what a step between commands says. */
  async prepare(step: Step): Promise<void> {
    if (step.kind === "file") {
      const file = join(this.#directory, step.name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, textOf(step.lines));
    }
    if (step.kind !== "etcd") return;
    if (step.change === "stop") await this.#cluster.lab.stopEtcd();
    else {
      await this.#cluster.lab.startEtcd();
      await this.#cluster.waitForMachines(this.#machineIds.length);
    }
  }

  /** Runs a command. @returns what it said beside what was expected. */
  async play(step: CommandStep): Promise<{ readonly said: Said; readonly expected: Said }> {
    const run = async (): Promise<{ said: Said; expected: Said }> => {
      const result = await this.#cluster.fleetctl(wordsOf(step.command), {
        cwd: this.#directory,
        environment: step.environment,
      });
      const said = normalised(result, this.#machineIds);
      return { said, expected: expectedOutput(step.expected, said, this.#earlier) };
    };
    let outcome = await run();
    if (step.isEventual) {
      const deadlineMs = performance.now() + this.#patienceMs;
      await until(step.command, { timeoutMs: 2 * this.#patienceMs, everyMs }, async () => {
        outcome = await run();
        const isMet = expectationOf(outcome.said).join("\n") === expectationOf(outcome.expected).join("\n");
        return isMet || performance.now() > deadlineMs;
      });
    }
    this.#earlier.set(step.command, outcome.said.stdout);
    return outcome;
  }

  /** Leaves no unit and no file behind. */
  async close(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    const listed = await this.#cluster.fleetctl(["list-unit-files", "--no-legend", "--fields=unit"]);
    const units = listed.stdout.split("\n").filter((unit) => unit !== "");
    if (units.length > 0) await this.#cluster.fleetctl(["destroy", ...units]);
  }
}

import type { StoreHarness } from "./harness.js";
import { codeOf, never } from "./store-words.js";
import type { StartOptions, TestMachine, TestProcess } from "./test-machine.js";

/** The processes of one test, which all end with it. */
export class MachineCrew {
  readonly #harness: StoreHarness;
  readonly #processes: TestProcess[] = [];

  constructor(harness: StoreHarness) {
    this.#harness = harness;
  }

  /** Takes processes in that were started elsewhere. */
  add(...processes: readonly TestProcess[]): void {
    this.#processes.push(...processes);
  }

  /** Starts fleetd on a machine. */
  async start(on: TestMachine, options: StartOptions = {}): Promise<TestProcess> {
    const process = await on.start(options);
    this.#processes.push(process);
    return process;
  }

  /** Starts fleetd on a machine, and waits until it has joined. */
  async join(on: TestMachine, options: StartOptions = {}): Promise<TestProcess> {
    const process = await this.start(on, options);
    await this.becomes(process, "joined");
    return process;
  }

  /** Waits for a session's condition. */
  becomes({ session }: TestProcess, condition: string): Promise<void> {
    return this.#harness.until(`the session to be ${condition}`, () => session.condition === condition);
  }

  /** Waits until etcd answers after a restart. */
  etcdIsBack({ daemon }: TestProcess): Promise<void> {
    const { store } = this.#harness;
    return this.#harness.until("etcd", async () => {
      return (await codeOf(store.range({ key: daemon.options.keys.cluster }, never))) === "resolved";
    });
  }

  /** Ends all processes. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.splice(0).map((process) => process.stop()));
  }
}

import type { Host } from "./host.js";
import { LabError } from "./lab-error.js";
import { type MachinePaths, machinePaths } from "./paths.js";
import type { LabState, MachineRecord, StateFile } from "./state.js";

/** What every operation on a lab needs. */
export class LabContext {
  readonly file: StateFile;
  readonly host: Host;
  readonly name: string;
  readonly dataDirectory: string;

  constructor(file: StateFile, host: Host, state: LabState) {
    this.file = file;
    this.host = host;
    this.name = state.name;
    this.dataDirectory = state.dataDirectory;
  }

  /**
   * The state as it is now, whoever changed it.
   * @throws {LabError} `not-running` if the lab was stopped meanwhile.
   */
  state(): LabState {
    const state = this.file.read();
    if (state === undefined) throw new LabError("not-running", `the lab "${this.name}" is not running`);
    return state;
  }

  /**
   * What is known of a machine.
   * @throws {LabError} `not-running` if the lab has none of this name.
   */
  machine(name: string): MachineRecord {
    const { machines } = this.state();
    const record = machines[name];
    if (record !== undefined) return record;
    throw new LabError("not-running", `the lab "${this.name}" has no machine "${name}"`, {
      hint: `Its machines are: ${Object.keys(machines).join(", ") || "none"}.`,
    });
  }

  /** Where a machine keeps what. */
  paths(name: string): MachinePaths {
    return machinePaths(this.file.directory, this.dataDirectory, name);
  }

  /** Replaces what is known of a machine; `undefined` forgets it. */
  async setMachine(name: string, record: MachineRecord | undefined, signal?: AbortSignal): Promise<void> {
    await this.file.update((state) => {
      const { [name]: _, ...others } = state.machines;
      return { ...state, machines: record === undefined ? others : { ...others, [name]: record } };
    }, signal);
  }
}

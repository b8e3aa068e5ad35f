import { randomBytes } from "node:crypto";
import { type Lab, openLab } from "@fleet/lab";

const machine = "m1";

/** A real systemd manager, alone in a lab of its own. */
export class UserManager {
  readonly #lab: Lab;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** @throws {LabError} `missing` if this host cannot carry one, with what to do. */
  static async boot(): Promise<UserManager> {
    const lab = await openLab({ name: `um${randomBytes(5).toString("hex")}` });
    try {
      await lab.startMachine({ name: machine, address: "127.0.0.11", bus: true });
    } catch (error) {
      await lab.stop();
      throw error;
    }
    return new UserManager(lab);
  }

  /** Its `XDG_RUNTIME_DIR`: emptied by every boot. */
  get directory(): string {
    return this.#lab.paths(machine).runtime;
  }

  /** Where it listens without a bus. */
  get privateSocket(): string {
    return this.#lab.paths(machine).privateSocket;
  }

  /** The D-Bus address of its session bus. */
  get busAddress(): string {
    return `unix:path=${this.#lab.paths(machine).busSocket}`;
  }

  /** Runs `systemctl --user` against it. */
  async systemctl(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#lab.systemctl(machine, args);
    if (code !== 0) throw new Error(`systemctl ${args.join(" ")}: ${stderr}`);
  }

  /** Stops every process of the machine where it stands. */
  freeze(): Promise<void> {
    return this.#lab.freezeMachine(machine);
  }

  thaw(): Promise<void> {
    return this.#lab.thawMachine(machine);
  }

  /** A power cut and the next boot. */
  async reboot(): Promise<void> {
    await this.#lab.killMachine(machine);
    await this.#lab.reviveMachine(machine);
  }

  /** Ends everything on the machine and removes what it left behind. */
  stop(): Promise<void> {
    return this.#lab.stop();
  }
}

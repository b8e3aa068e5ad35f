import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "./system-clock.js";

const script = fileURLToPath(new URL("./user-manager.sh", import.meta.url));
const bootMsMax = 20_000;

/** Why no user manager can be booted here, or `undefined`. */
export const userManagerProblem: string | undefined =
  process.getuid?.() !== 0
    ? "not root"
    : existsSync("/lib/systemd/systemd")
      ? undefined
      : "systemd is not installed";

/** A real systemd user manager with nothing else on it. */
export class UserManager {
  /** Its `XDG_RUNTIME_DIR`. */
  readonly directory: string;
  readonly #shell: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  private constructor(directory: string, shell: ChildProcessWithoutNullStreams, lines: Interface) {
    this.directory = directory;
    this.#shell = shell;
    this.#answers = lines[Symbol.asyncIterator]();
  }

  static async boot(): Promise<UserManager> {
    const directory = await mkdtemp(join(tmpdir(), "fleet-um-"));
    await mkdir(join(directory, "systemd/user"), { recursive: true });
    await mkdir(join(directory, "home"));
    const name = `fleet-test-${randomBytes(4).toString("hex")}`;
    const shell = spawn("unshare", ["-m", script, directory, name]);
    // The manager's own complaints are of use only when it does not come up.
    shell.stderr.resume();
    const manager = new UserManager(directory, shell, createInterface({ input: shell.stdout }));
    await manager.#untilUp();
    return manager;
  }

  /** Where it listens without a bus. */
  get privateSocket(): string {
    return join(this.directory, "systemd/private");
  }

  /** The D-Bus address of its session bus. */
  get busAddress(): string {
    return `unix:path=${join(this.directory, "bus")}`;
  }

  /** Stops every process of the machine where it stands. */
  freeze(): Promise<void> {
    return this.#command("freeze");
  }

  thaw(): Promise<void> {
    return this.#command("thaw");
  }

  /** A power cut and the next boot. */
  async reboot(): Promise<void> {
    await this.#command("reboot");
    await this.#untilUp();
  }

  /** Ends everything on the machine and removes what it left behind. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#shell.once("close", resolve));
    this.#shell.stdin.end();
    await ended;
    await rm(this.directory, { recursive: true, force: true });
  }

  async #command(command: string): Promise<void> {
    this.#shell.stdin.write(`${command}\n`);
    await this.#answers.next();
  }

  async #untilUp(): Promise<void> {
    const patience = AbortSignal.timeout(bootMsMax);
    while (!(await answers(this.privateSocket)) || !(await answers(join(this.directory, "bus")))) {
      await systemClock.sleep(20, patience);
    }
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** How a program ended, and what it said. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Puts an end to a program when the tests are killed, which then cannot clean up. */
const endsWithUs = ["setpriv", "--pdeathsig", "KILL"];

/** Beside the program itself. */
export interface RunAs {
  readonly environment?: Readonly<Record<string, string>>;
  /** What the program reads; default nothing. */
  readonly input?: string;
}

/** A user that no host has: above people, below what systemd gives out. `nobody` may not log in where systemd knows it. */
const nobody = 59_999;
const nobodyName = "fleet-test";

/**
 * An ordinary user with a home of its own, that programs of a test run as: the user who runs the tests, or, if that is
 * root, one that exists in a mount namespace with a password file of its own. Nothing of the host is changed, and nothing
 * is left.
 */
export class Account {
  readonly name: string;
  /** Belongs to the account, like everything in it. */
  readonly directory: string;
  readonly home: string;
  /** Stands first on the PATH. */
  readonly bin: string;
  readonly #holder: ChildProcess | undefined;
  readonly #children = new Set<ChildProcess>();

  private constructor(name: string, directory: string, holder: ChildProcess | undefined) {
    this.name = name;
    this.directory = directory;
    this.home = join(directory, "home");
    this.bin = join(directory, "bin");
    this.#holder = holder;
  }

  /** Makes the account. */
  static async create(): Promise<Account> {
    const directory = mkdtempSync(join(tmpdir(), "fleet-account-"));
    const isRoot = process.getuid?.() === 0;
    for (const part of ["", "home", "home/.ssh", "bin"]) {
      mkdirSync(join(directory, part), { recursive: true, mode: 0o755 });
      if (isRoot) chownSync(join(directory, part), nobody, nobody);
    }
    chmodSync(directory, 0o755);
    const name = isRoot ? nobodyName : userInfo().username;
    const account = new Account(name, directory, isRoot ? await hold(directory) : undefined);
    account.program(
      "node",
      `exec ${JSON.stringify(isRoot ? join(directory, "node") : process.execPath)} "$@"\n`,
    );
    return account;
  }

  /** The PATH that its programs have. */
  get path(): string {
    return `${this.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  }

  /** Writes a file that belongs to the account. @param name - Relative to its directory. @returns the whole path. */
  write(name: string, text: string | Uint8Array, mode = 0o600): string {
    const path = join(this.directory, name);
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
    if (this.#holder !== undefined) chownSync(path, nobody, nobody);
    return path;
  }

  /** Puts a program of the shell on the PATH. */
  program(name: string, body: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\n${body}`, 0o755);
  }

  /** Starts a program as the account; it ends with the account at the latest. */
  start(argv: readonly string[], { environment = {} }: RunAs = {}): ChildProcess {
    const variables = { PATH: this.path, HOME: this.home, LC_ALL: "C.UTF-8", TERM: "xterm", ...environment };
    const [program = "", ...args] = [...this.#enter(), ...argv];
    const child = spawn(program, args, { stdio: "pipe", env: variables, cwd: this.directory });
    this.#children.add(child);
    child.once("close", () => this.#children.delete(child));
    return child;
  }

  /** Runs a program as the account, to its end. */
  async run(argv: readonly string[], options: RunAs = {}): Promise<Ended> {
    const child = this.start(argv, options);
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    // A program that ends without reading all of it is none of our business.
    child.stdin?.on("error", () => undefined).end(options.input ?? "");
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    return { ...output, status: code ?? (signal === null ? -1 : 128) };
  }

  /** Ends its programs, and removes it. */
  async remove(): Promise<void> {
    for (const child of [...this.#children]) {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
    }
    if (this.#holder !== undefined) {
      const ended = once(this.#holder, "exit");
      this.#holder.kill("SIGKILL");
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #enter(): readonly string[] {
    if (this.#holder?.pid === undefined) return endsWithUs;
    const ids = ["--reuid", String(nobody), "--regid", String(nobody), "--clear-groups"];
    const enter = ["nsenter", "--mount", "--target", String(this.#holder.pid), ...endsWithUs, ...ids];
    // Whoever enters a mount namespace stands at its root.
    return [...enter, "sh", "-c", 'cd "$0" && exec "$@"', this.directory];
  }
}

/** Opens the namespace, and keeps a process in it: node is where anybody may run it, and nobody can log in. */
async function hold(directory: string): Promise<ChildProcess> {
  const users = `${readFileSync("/etc/passwd", "utf8").trimEnd()}\n`;
  const user = `${nobodyName}:x:${nobody}:${nobody}:for a test:${directory}/home:/bin/sh\n`;
  writeFileSync(join(directory, "passwd"), users + user, { mode: 0o644 });
  writeFileSync(join(directory, "node"), "");
  const script = [
    "set -e",
    `mount --bind ${directory}/passwd /etc/passwd`,
    `mount --bind ${JSON.stringify(process.execPath)} ${directory}/node`,
    // Terminals must belong to the group that sshd expects, because only root could give them to it.
    "mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=$(getent group tty | cut -d: -f3) devpts /dev/pts",
    "[ -L /dev/ptmx ] || mount --bind /dev/pts/ptmx /dev/ptmx",
    "echo ready",
    "exec sleep infinity",
  ];
  const unshare = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script.join("\n")];
  const [program = "", ...args] = [...endsWithUs, ...unshare];
  const holder = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const said = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
  if (!String(said[0]).startsWith("ready")) throw new Error("cannot make a mount namespace");
  return holder;
}

/** A key pair of ssh. @returns the path of the private half; the other one stands beside it, with `.pub`. */
export function makeKey(account: Account, name: string): string {
  const work = mkdtempSync(join(tmpdir(), "fleet-key-"));
  try {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(work, "key")]);
    account.write(`${name}.pub`, readFileSync(join(work, "key.pub")), 0o644);
    return account.write(name, readFileSync(join(work, "key")));
  } finally {
    rmSync(work, { recursive: true });
  }
}

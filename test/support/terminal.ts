import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "@fleet/lab";
import { checkout } from "./fleet.js";

const limits = { timeoutMs: 30_000, everyMs: 30 };
const configuration = [
  "set -g status off",
  "set -g default-terminal screen-256color",
  "set -s escape-time 0",
  "set -g remain-on-exit on",
  "",
].join("\n");

/** What to open a terminal with. */
export interface TerminalOptions {
  readonly columns?: number;
  /** The program in it; what remains of the host's environment is its PATH. */
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A window of tmux with a program in it: what a person types, and what that person sees. Its home is a directory of its own. */
export class Terminal {
  /** The home and working directory of its program. */
  readonly home: string;
  readonly #directory: string;
  readonly #server: ChildProcess;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(
    directory: string,
    home: string,
    server: ChildProcess,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#environment = environment;
    this.#directory = directory;
    this.home = home;
    this.#server = server;
  }

  /**
   * Opens a window.
   * @param furnish - Puts files into the home before the program starts.
   * @throws if there is no tmux and none can be had; setup then says what to do.
   */
  static async open(
    options: TerminalOptions,
    furnish: (home: string) => void = () => undefined,
  ): Promise<Terminal> {
    const directory = mkdtempSync(join(tmpdir(), "fleet-terminal-"));
    const home = mkdtempSync(join(directory, "home-"));
    writeFileSync(join(directory, "tmux.conf"), configuration);
    furnish(home);
    const environment = {
      PATH: `${checkout}/bin:${process.env.PATH}`,
      HOME: home,
      LC_ALL: "C.UTF-8",
      TERM: "screen-256color",
      ...options.environment,
    };
    // In the foreground, so that it ends when the tests are killed.
    const server = spawn("setpriv", ["--pdeathsig", "KILL", "tmux", "-D", ...serverArguments(directory)], {
      env: environment,
      cwd: home,
      stdio: "ignore",
    });
    const terminal = new Terminal(directory, home, server, environment);
    const size = ["-x", String(options.columns ?? 120), "-y", "40"];
    try {
      await until("tmux", limits, async () => {
        if (hasEnded(server)) throw new Error("tmux has ended");
        return await terminal.#ask("list-sessions").then(
          () => true,
          () => false,
        );
      });
      await terminal.#ask("new-session", "-d", ...size, "-c", home, "--", ...options.command);
    } catch (error) {
      await terminal.close();
      throw error;
    }
    return terminal;
  }

  /** Types text, as it stands. */
  async type(text: string): Promise<void> {
    await this.#ask("send-keys", "-l", "--", text);
  }

  /** Presses keys by tmux's names: `Tab`, `Enter`, `C-c`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#ask("send-keys", ...keys);
  }

  /**
   * What can be seen: lines without the blanks at their ends, and without empty lines at the end.
   * @param isWhole - With what has left the window at its top, and with one line of each that was too long for it.
   */
  async screen({ isWhole = false } = {}): Promise<string> {
    const seen = await this.#ask("capture-pane", "-p", ...(isWhole ? ["-J", "-S", "-"] : []));
    const lines = seen.split("\n").map((line) => line.trimEnd());
    return lines.join("\n").replace(/\n+$/, "");
  }

  /** The line that the cursor is in. */
  async line(): Promise<string> {
    const row = Number(await this.#ask("display-message", "-p", "#{cursor_y}"));
    return (await this.screen()).split("\n")[row] ?? "";
  }

  /** Waits until the screen is as it should be. @returns the screen. */
  async sees(
    what: string,
    isSeen: (screen: string) => boolean,
    timeoutMs: number = limits.timeoutMs,
  ): Promise<string> {
    let screen = "";
    try {
      return await until(what, { ...limits, timeoutMs }, async () => {
        screen = await this.screen();
        return isSeen(screen) && screen;
      });
    } catch (error) {
      throw new Error(`not seen: ${what}; the screen:\n${screen}`, { cause: error });
    }
  }

  /** Waits until the cursor's line is as it should be, without the blanks at its end. */
  async seesLine(expected: string, timeoutMs: number = limits.timeoutMs): Promise<void> {
    let line = "";
    try {
      await until(expected, { ...limits, timeoutMs }, async () => {
        line = await this.line();
        return line === expected.trimEnd();
      });
    } catch (error) {
      throw new Error(`expected ${expected}\nand not ${line}\non\n${await this.screen()}`, { cause: error });
    }
  }

  /** Makes the window wider or narrower. */
  async resize(columns: number): Promise<void> {
    await this.#ask("resize-window", "-x", String(columns), "-y", "40");
  }

  /** Everything its program has written since it was called first, control bytes and all. */
  async record(): Promise<() => string> {
    const file = join(this.#directory, "recording");
    writeFileSync(file, "");
    await this.#ask("pipe-pane", `exec cat >> '${file}'`);
    return () => readFileSync(file, "utf8");
  }

  /** Ends the program, and tmux. */
  async close(): Promise<void> {
    if (!hasEnded(this.#server)) {
      const ended = once(this.#server, "exit");
      await this.#ask("kill-server").catch(() => this.#server.kill("SIGKILL"));
      await ended;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #ask(...command: readonly string[]): Promise<string> {
    // A window has the PATH of the one who opens it.
    const { stdout } = await promisify(execFile)("tmux", [...serverArguments(this.#directory), ...command], {
      env: this.#environment,
    });
    return stdout;
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function serverArguments(directory: string): readonly string[] {
  return ["-f", join(directory, "tmux.conf"), "-S", join(directory, "socket")];
}

/**
 * Makes sure that there are tmux, the shells that completion is for, and groff.
 * @throws if there are not, and cannot be had; setup has then said what to do.
 */
export function installTerminals(): void {
  execFileSync(process.execPath, [`${checkout}/scripts/setup.mjs`, "--terminals"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

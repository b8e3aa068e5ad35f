// A host booted with systemd: each group is a transient service, with a delegated cgroup, of a manager that is
// already there: the user's own, or for root the system's.
import { join } from "node:path";
import { removeGroup } from "./cgroup.js";
import { until } from "./clock.js";
import { type CommandOptions, runCommand, runOrThrow } from "./command.js";
import type { Host, Launched } from "./host.js";
import { userId } from "./host-facts.js";
import { LabError } from "./lab-error.js";

const stopTimeoutSeconds = 10;
const nameTimeoutMs = 5_000;

/** Which manager the transient services belong to. */
export type OuterManager = "user" | "system";

/** The way for everybody on a host booted with systemd and cgroup v2. */
export class DelegatedHost implements Host {
  readonly cgroup: string;
  readonly holder = undefined;
  readonly #outer: OuterManager;
  readonly #lab: string;

  private constructor(outer: OuterManager, lab: string, cgroup: string) {
    this.#outer = outer;
    this.#lab = lab;
    this.cgroup = cgroup;
  }

  /**
   * Starts the lab's slice.
   * @throws {LabError} `missing` if the outer manager cannot be reached.
   */
  static async open(outer: OuterManager, lab: string, signal?: AbortSignal): Promise<DelegatedHost> {
    const slice = sliceOf(lab);
    const options = { ...outerOptions(outer), signal };
    const started = await runCommand(["systemctl", ...flags(outer), "start", slice], options);
    if (started.code !== 0) {
      throw new LabError("missing", `cannot start ${slice}: ${started.stderr.trim()}`, {
        hint:
          outer === "user"
            ? "Log in so that your own systemd runs (not by su), or run: loginctl enable-linger"
            : "The system's manager must answer: see systemctl status.",
      });
    }
    const shown = await runOrThrow(
      ["systemctl", ...flags(outer), "show", "-P", "ControlGroup", slice],
      options,
    );
    return new DelegatedHost(outer, lab, shown.trim());
  }

  /** Takes up the lab of another process. */
  static attach(outer: OuterManager, lab: string, cgroup: string): DelegatedHost {
    return new DelegatedHost(outer, lab, cgroup);
  }

  root(): string {
    return join("/sys/fs/cgroup", this.cgroup);
  }

  group(name: string): string {
    return join(this.root(), this.#unit(name));
  }

  async launch(
    name: string,
    script: string,
    log: string,
    notifies: boolean,
    signal?: AbortSignal,
  ): Promise<Launched> {
    const unit = this.#unit(name);
    const options = { ...outerOptions(this.#outer), signal };
    // A unit that was killed a moment ago keeps its name until the outer manager has noticed.
    await until(`the end of ${unit}`, { signal, timeoutMs: nameTimeoutMs }, async () => {
      const state = await runOrThrow(
        ["systemctl", ...flags(this.#outer), "show", "-P", "ActiveState", unit],
        options,
      );
      return ["inactive", "failed"].includes(state.trim());
    });
    await runCommand(["systemctl", ...flags(this.#outer), "reset-failed", unit], options);
    const properties = {
      Type: notifies ? "notify" : "exec",
      Delegate: "yes",
      KillMode: "mixed",
      TimeoutStopSec: String(stopTimeoutSeconds),
      StandardOutput: `append:${log}`,
      StandardError: `append:${log}`,
    };
    const set = Object.entries(properties).flatMap(([key, value]) => ["-p", `${key}=${value}`]);
    await runOrThrow(
      [
        "systemd-run",
        ...flags(this.#outer),
        "-q",
        "--collect",
        `--slice=${sliceOf(this.#lab)}`,
        `--unit=${unit}`,
        ...set,
        "/bin/sh",
        script,
      ],
      options,
    );
    return { exitStatus: () => undefined };
  }

  async release(): Promise<void> {
    // The outer manager keeps them anyway.
  }

  async close(): Promise<void> {
    await runOrThrow(
      ["systemctl", ...flags(this.#outer), "stop", sliceOf(this.#lab)],
      outerOptions(this.#outer),
    );
    await removeGroup(this.root());
  }

  #unit(name: string): string {
    return `fleetlab_${this.#lab}_${name}.service`;
  }
}

// No dash: it would make a parent slice, which nobody removes.
function sliceOf(lab: string): string {
  return `fleetlab_${lab}.slice`;
}

function flags(outer: OuterManager): string[] {
  return outer === "user" ? ["--user"] : ["--system"];
}

// Sessions made by su or cron lack these two, yet the user's manager may well be there.
function outerOptions(outer: OuterManager): CommandOptions {
  if (outer === "system") return {};
  const runtime = `/run/user/${userId()}`;
  return {
    environment: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LC_ALL: "C",
      XDG_RUNTIME_DIR: runtime,
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus`,
    },
  };
}

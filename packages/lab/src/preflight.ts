import { existsSync, readFileSync } from "node:fs";
import { findEtcd } from "./etcd.js";
import { findProgram, findSystemd, hasUnifiedCgroups, isBootedWithSystemd, userId } from "./host-facts.js";
import { LabError } from "./lab-error.js";
import { hasNamespaceTools } from "./namespace-host.js";
import type { Way } from "./state.js";

/** Something this host lacks. */
export interface Shortcoming {
  /** What is missing, for a person. */
  readonly what: string;
  /** What exactly to install or do. */
  readonly fix: string;
  /** Whether a lab cannot work without it; otherwise it works with the limit that `what` names. */
  readonly required: boolean;
}

/** What decides how a lab can work on a host. */
export interface HostFacts {
  readonly uid: number;
  readonly bootedWithSystemd: boolean;
  readonly unifiedCgroups: boolean;
}

/** This host's facts. */
export function hostFacts(): HostFacts {
  return { uid: userId(), bootedWithSystemd: isBootedWithSystemd(), unifiedCgroups: hasUnifiedCgroups() };
}

/**
 * How machines get process subtrees of their own here; `undefined` if there is no way.
 * A running systemd is asked wherever it can be, because its cgroups are its own.
 */
export function wayFor(facts: HostFacts): Way | undefined {
  if (facts.bootedWithSystemd && facts.unifiedCgroups)
    return facts.uid === 0 ? "delegated-system" : "delegated-user";
  return facts.uid === 0 ? "namespace" : undefined;
}

/**
 * As `wayFor`, for this host.
 * @throws {LabError} `missing`, with what to do.
 */
export function chooseWay(): Way {
  const facts = hostFacts();
  const way = wayFor(facts);
  if (way !== undefined) return way;
  const [first] = noWay(facts);
  throw new LabError("missing", first.what, { hint: first.fix });
}

function noWay(facts: HostFacts): [Shortcoming] {
  if (!facts.bootedWithSystemd) {
    return [
      {
        what: "an ordinary user cannot start systemd managers on a host that was not booted with systemd",
        fix: "Run this as root, or on a machine that was booted with systemd.",
        required: true,
      },
    ];
  }
  return [
    {
      what: "the host uses cgroup v1, where an ordinary user owns no part of the hierarchy",
      fix: "Run this as root, or boot with: systemd.unified_cgroup_hierarchy=1",
      required: true,
    },
  ];
}

/**
 * Says what is missing here; nothing if all is well. Looks only, changes nothing.
 * @param options - `bus` if machines shall have a session bus; `etcd: false` if no etcd is needed.
 */
export function preflight(
  options: { bus?: boolean; etcd?: boolean; etcdCaches?: readonly string[] } = {},
): Shortcoming[] {
  const facts = hostFacts();
  const way = wayFor(facts);
  const found: Shortcoming[] = way === undefined ? noWay(facts) : [];
  const need = (there: unknown, what: string, fix: string, required = true): void => {
    if (!there) found.push({ what, fix, required });
  };
  need(findSystemd() && findProgram("systemctl"), "systemd is not installed", "apt-get install systemd");
  if (options.bus)
    need(findProgram("dbus-daemon"), "dbus-daemon is not installed", "apt-get install dbus-daemon");
  if (options.etcd !== false) {
    need(
      findEtcd(options.etcdCaches),
      "etcd is not installed",
      "node scripts/setup.mjs (or: apt-get install etcd-server)",
    );
  }
  if (way === "namespace") {
    need(hasNamespaceTools(), "unshare and nsenter are not installed", "apt-get install util-linux");
    need(
      hasCapability(capSysAdmin),
      "this root may not mount",
      "Run the container with --privileged, or use a virtual machine.",
    );
  }
  if (way === "delegated-user") {
    need(
      existsSync(`/run/user/${facts.uid}/systemd/private`),
      "your own systemd manager is not running",
      "Log in directly (ssh or console, not su), or run as root: loginctl enable-linger USER",
    );
    need(
      existsSync(`/var/lib/systemd/linger/${userName()}`),
      "machines will end when you log out",
      "loginctl enable-linger",
      false,
    );
  }
  return found;
}

const capSysAdmin = 21n;

function hasCapability(bit: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
}

function userName(): string {
  const uid = String(userId());
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  return lines.map((line) => line.split(":")).find((fields) => fields[2] === uid)?.[0] ?? uid;
}

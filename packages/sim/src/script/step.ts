import type { LinkMode } from "../etcd/link.js";
import type { JobMode } from "../machine/sim-machine.js";
import type { UserRequest } from "../users/users.js";

/** Which machine: by name, or the one that leads at that moment, or on which a unit has its seat then. */
export type Whose = string;

/** The machine that leads. */
export const theLeader: Whose = "leader";

const homePrefix = "home of ";

/** The machine on which a unit has its seat, be that readable or not. */
export function homeOf(unit: string): Whose {
  return `${homePrefix}${unit}`;
}

/** The unit whose machine is meant, if it is meant so. */
export function unitAtHome(whose: Whose): string | undefined {
  return whose.startsWith(homePrefix) ? whose.slice(homePrefix.length) : undefined;
}

/** What somebody does to the world, or what befalls it. Everything about it is decided beforehand, so that it can be left out. */
export type Deed =
  | { readonly kind: "user"; readonly via: Whose; readonly request: UserRequest }
  | { readonly kind: "crash"; readonly machine: Whose; readonly downMs: number }
  /** fleetd crashes the n-th time it passes such a point. */
  | {
      readonly kind: "crash-at";
      readonly machine: Whose;
      readonly what: string;
      readonly side: "before" | "after";
      readonly nth: number;
      readonly downMs: number;
    }
  | { readonly kind: "restart"; readonly machine: Whose }
  | { readonly kind: "restart-all"; readonly stay: readonly string[] }
  | { readonly kind: "power-off"; readonly machine: Whose; readonly offMs: number }
  | {
      readonly kind: "power-off-many";
      readonly machines: readonly string[];
      readonly withinMs: number;
      readonly offMs: number;
    }
  | { readonly kind: "shut-down"; readonly machine: Whose; readonly offMs: number }
  /** The process stops, and goes on; the rest of the machine lives. */
  | { readonly kind: "freeze"; readonly machine: Whose; readonly ms: number; readonly suspended: boolean }
  /** The process stops at such a point. */
  | {
      readonly kind: "freeze-at";
      readonly machine: Whose;
      readonly what: string;
      readonly side: "before" | "after";
      readonly ms: number;
    }
  | {
      readonly kind: "link";
      readonly machines: readonly Whose[];
      readonly mode: LinkMode;
      readonly ms: number;
    }
  | { readonly kind: "link-slow"; readonly machine: Whose; readonly factor: number; readonly ms: number }
  | { readonly kind: "link-break"; readonly machine: Whose }
  | { readonly kind: "lose-replies"; readonly machine: Whose; readonly count: number }
  /** The leader's next writes get no answer and come true later, after what it reads next. */
  | { readonly kind: "late-writes"; readonly machine: Whose; readonly count: number; readonly ms: number }
  | { readonly kind: "clock-step"; readonly machine: Whose; readonly byMs: number }
  | { readonly kind: "etcd-down"; readonly ms: number }
  | { readonly kind: "etcd-leader-change" }
  | { readonly kind: "etcd-compact" }
  | { readonly kind: "etcd-backup" }
  /** Back to the newest backup that is at least so old. */
  | { readonly kind: "etcd-restore"; readonly acceptAfterMs: number }
  | { readonly kind: "etcd-wipe"; readonly acceptAfterMs: number }
  | { readonly kind: "jobs"; readonly machine: Whose; readonly mode: JobMode; readonly ms: number }
  | {
      readonly kind: "by-hand";
      readonly machine: Whose;
      readonly what: "start" | "stop";
      readonly unit: string;
    }
  | { readonly kind: "unit-dies"; readonly machine: Whose; readonly unit: string }
  /** The machine has a unit of that name of its own, and it runs. */
  | { readonly kind: "host-unit"; readonly machine: Whose; readonly unit: string }
  | { readonly kind: "bus-cut"; readonly machine: Whose; readonly ms: number }
  | { readonly kind: "reexec"; readonly machine: Whose }
  /** Something never waits; for tests of what finds failures. */
  | { readonly kind: "spin" }
  /** Something writes garbage under a key, or deletes it; it is mended after a while. */
  | {
      readonly kind: "bad-record";
      readonly key: BadKey;
      readonly garbage: string | undefined;
      readonly ms: number;
    };

/** Which record is spoilt. A seat or state is that of the machine on which the unit is at that moment. */
export type BadKey =
  | { readonly area: "units" | "schedule" | "states"; readonly unit: string }
  | { readonly area: "machines" | "machine-policy"; readonly machine: string }
  | { readonly area: "engine/status" | "stray" };

/** A deed and its time. */
export interface Step {
  readonly atMs: number;
  readonly deed: Deed;
}

// What is to happen in a soak: made from the seed alone, so that the same seed brings the same faults.
import { Chance } from "./chance.js";

/** What can befall a machine, and how often in comparison. */
const machineKinds = {
  "power-cut": 4,
  kill: 3,
  reboot: 2,
  freeze: 5,
  cut: 5,
  "cut-out": 3,
  "cut-in": 3,
  "cut-from-etcd-leader": 1,
  "fleetd-killed": 3,
  "fleetd-restarted": 2,
  "bus-restarted": 1,
} as const;

/** What can befall etcd, or all machines' fleetd at once. */
const clusterKinds = {
  "etcd-leader-lost": 3,
  "etcd-follower-lost": 3,
  "etcd-leader-killed": 2,
  "etcd-all-killed": 3,
  "etcd-leader-cut": 2,
  "every-fleetd-killed": 1,
} as const;

/** What users ask for meanwhile. */
const wishes = { restart: 2, "stop-start": 2, "destroy-create": 3, replace: 3, drain: 3 } as const;

/** What is done to a machine or to etcd. */
export type FaultKind = keyof typeof machineKinds | keyof typeof clusterKinds;
/** What a user asks for. */
export type WishKind = keyof typeof wishes;

/** Something bad, for a while. */
export interface Fault {
  readonly kind: FaultKind;
  /** A machine, `leader` for the one whose fleetd leads then, or "" where the kind says it all. */
  readonly target: string;
  /** From the beginning of its round. */
  readonly afterMs: number;
  readonly lastsMs: number;
}

/** Something that a user asks for while things are bad. */
export interface Wish {
  readonly kind: WishKind;
  /** Which of the units, or machines, that this can be asked of: from 0 up to 1. */
  readonly choice: number;
  readonly afterMs: number;
}

/** Faults that come together, and the calm after them. */
export interface Round {
  readonly faults: readonly Fault[];
  readonly wish: Wish | undefined;
  readonly calmMs: number;
}

/** Kinds that take no time, or take what they take. */
const momentary: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...(["reboot", "fleetd-killed", "fleetd-restarted", "bus-restarted", "every-fleetd-killed"] as const),
]);

/** How many machines may suffer at once: more than that of five looks like a broken network, and nothing is moved. */
const machinesMax = 2;

/** The rounds of a soak, one after another without end. @param machines - Their names. */
export function* planRounds(
  seed: number,
  machines: readonly string[],
  ttlMs: number,
): Generator<Round, never, void> {
  const chance = new Chance(seed);
  for (;;) {
    const faults: Fault[] = [];
    const together = chance.weighted({ one: 6, two: 5, three: 2 });
    const count = { one: 1, two: 2, three: 3 }[together];
    const hasCluster = chance.happens(count === 1 ? 0.25 : 0.45);
    const others = [...machines, "leader"];
    while (faults.length < count - (hasCluster ? 1 : 0) && faults.length < machinesMax) {
      const target = chance.pick(others);
      others.splice(others.indexOf(target), 1);
      faults.push(makeFault(chance, chance.weighted(machineKinds), target, ttlMs));
    }
    if (hasCluster) faults.push(makeFault(chance, chance.weighted(clusterKinds), "", ttlMs));
    const wish = chance.happens(0.6)
      ? {
          kind: chance.weighted(wishes),
          choice: chance.fraction(),
          afterMs: Math.round(chance.between(0, ttlMs)),
        }
      : undefined;
    yield { faults, wish, calmMs: Math.round(chance.between(2_000, 6_000)) };
  }
}

function makeFault(chance: Chance, kind: FaultKind, target: string, ttlMs: number): Fault {
  // Renewals come every third of a TTL: half of one never outlasts a lease, one and a third always does.
  const share = chance.happens(0.35) ? chance.between(0.1, 0.5) : chance.between(1.3, 4);
  const afterMs = chance.happens(0.4) ? 0 : Math.round(chance.between(0, ttlMs * 0.5));
  const lastsMs = momentary.has(kind) ? 0 : Math.round(share * ttlMs);
  return { kind, target, afterMs, lastsMs };
}

/** A fault in words, such as `freeze m3 for 12.4 s`. */
export function faultText({ kind, target, lastsMs }: Fault, actual = target): string {
  const whom = actual === "" ? "" : ` ${actual}`;
  return `${kind}${whom}${lastsMs > 0 ? ` for ${(lastsMs / 1000).toFixed(1)} s` : ""}`;
}

/** A round in words, for comparing. */
export function roundText({ faults, wish }: Round): string {
  const parts = faults.map((fault) => faultText(fault));
  return [...parts, ...(wish === undefined ? [] : [`user: ${wish.kind}`])].join(" + ");
}

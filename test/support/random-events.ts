import type { Amounts, DesiredState, PresenceState, SeatTarget } from "@fleet/core";
import fc from "fast-check";
import { unitOption, unitShortNames } from "./random-cluster.js";
import { ruleOption } from "./random-rules.js";

/** Something that happens to a cluster. Says nothing if it cannot happen. */
export type ClusterEvent =
  | {
      readonly kind: "put";
      readonly unit: string;
      readonly desired: DesiredState;
      readonly options: readonly string[];
    }
  | { readonly kind: "desire"; readonly unit: string; readonly desired: DesiredState }
  | {
      readonly kind: "restart" | "damage" | "destroy" | "vanish" | "unreadable" | "unmark";
      readonly unit: string;
    }
  | {
      readonly kind: "seat";
      readonly unit: string;
      readonly machine: number;
      readonly target: SeatTarget | "none" | "renewed";
    }
  | {
      readonly kind: "state";
      readonly unit: string;
      readonly machine: number;
      readonly state: "active" | "inactive" | "refused" | "acked" | "none";
    }
  | { readonly kind: "presence"; readonly machine: number; readonly state: PresenceState | "gone" }
  | { readonly kind: "policy"; readonly machine: number; readonly policy: "none" | "cordoned" | "drained" }
  | { readonly kind: "zone"; readonly machine: number; readonly zone: string }
  | { readonly kind: "capacity"; readonly machine: number; readonly capacity: Amounts }
  | { readonly kind: "forget"; readonly machine: number }
  | { readonly kind: "release"; readonly machine: number; readonly released: boolean }
  | { readonly kind: "fence"; readonly machine: number; readonly fenced: boolean }
  | { readonly kind: "recall"; readonly unit: string; readonly machine: number; readonly refuses: boolean }
  | { readonly kind: "retry"; readonly unit: string; readonly machine: number; readonly isDue: boolean }
  | { readonly kind: "mass-loss"; readonly machines: readonly number[]; readonly unreportedMax: number }
  | { readonly kind: "brake"; readonly machine: number; readonly isOn: boolean }
  | { readonly kind: "erase"; readonly machine: number }
  | { readonly kind: "carry-out"; readonly stale: readonly number[] }
  | { readonly kind: "agents" };

const unit = fc.constantFrom(...unitShortNames);
const machine = fc.nat({ max: 5 });
const desired = fc.constantFrom<DesiredState[]>("launched", "launched", "launched", "loaded", "inactive");

const putEvent = (option: fc.Arbitrary<string>): fc.Arbitrary<ClusterEvent> =>
  fc.record({
    kind: fc.constant("put" as const),
    unit,
    desired,
    options: fc.array(option, { maxLength: 2 }),
  });

/** An event of any kind that has nothing to do with what units demand. */
const otherEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("desire" as const), unit, desired }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "restart" as const,
        "damage" as const,
        "destroy" as const,
        "vanish" as const,
        "unreadable" as const,
        "unmark" as const,
      ),
      unit,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("seat" as const),
      unit,
      machine,
      target: fc.constantFrom(
        "launched" as const,
        "launched" as const,
        "absent" as const,
        "none" as const,
        "renewed" as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("state" as const),
      unit,
      machine,
      state: fc.constantFrom(
        "active" as const,
        "inactive" as const,
        "refused" as const,
        "acked" as const,
        "none" as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("presence" as const),
      machine,
      state: fc.constantFrom(
        "up" as const,
        "up" as const,
        "gone" as const,
        "leaving" as const,
        "frozen" as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("policy" as const),
      machine,
      policy: fc.constantFrom("none" as const, "cordoned" as const, "drained" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("zone" as const),
      machine,
      zone: fc.constantFrom("e", "w", ""),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), machine }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("erase" as const), machine }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("release" as const), machine, released: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("recall" as const), unit, machine, refuses: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("carry-out" as const),
      stale: fc.oneof(fc.constant([]), fc.array(fc.nat({ max: 6 }), { maxLength: 2 })),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "agents" as const }) },
);

/** Machines are lost together, and the brake is on. */
export const massLossEvent: fc.Arbitrary<ClusterEvent> = fc.record({
  kind: fc.constant("mass-loss" as const),
  machines: fc.uniqueArray(machine, { minLength: 1, maxLength: 4 }),
  unreportedMax: fc.constantFrom(1, 1, 2),
});

/** Most machines are lost at once, or the brake on moves from one of them changes. */
const brakeEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 3, arbitrary: massLossEvent },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("brake" as const), machine, isOn: fc.boolean() }),
  },
);

/** The same events, and far more often what happens after the loss of most machines. */
export function brakedEvent(event: fc.Arbitrary<ClusterEvent>): fc.Arbitrary<ClusterEvent> {
  return fc.oneof({ weight: 6, arbitrary: event }, { weight: 1, arbitrary: brakeEvent });
}

/** One event of any kind, in a cluster that knows the original's rules. */
export const clusterEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 4, arbitrary: putEvent(unitOption) },
  { weight: 33, arbitrary: otherEvent },
);

/** One event of any kind, in a cluster that knows all rules. */
export const ruledClusterEvent: fc.Arbitrary<ClusterEvent> = fc.oneof(
  { weight: 6, arbitrary: putEvent(fc.oneof(unitOption, ruleOption)) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("capacity" as const),
      machine,
      capacity: fc.constantFrom({}, { memory: 2 * 1024 ** 3 }, { memory: 8 * 1024 ** 3, cpu: 4000, gpu: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("fence" as const), machine, fenced: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("retry" as const), unit, machine, isDue: fc.boolean() }),
  },
  { weight: 33, arbitrary: otherEvent },
);

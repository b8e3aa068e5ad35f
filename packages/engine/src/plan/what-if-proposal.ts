import { type MachineId, type Proposal, parseRequirements } from "@fleet/core";
import { newMachineIds, type Outlook, type ViewChange } from "./what-if-change.js";

/** The changes that a proposal means, in the order in which they are made: room first, then what needs it. */
export function changesOf(proposal: Proposal, { view }: Outlook): readonly ViewChange[] {
  const { add, cordon, drain, lose, put, uncordon, want } = proposal;
  const added = add.flatMap((machines) => Array.from({ length: machines.count }, () => machines));
  const ids = newMachineIds(view, added.length);
  return [
    ...ids.flatMap((machine, index): ViewChange | [] => {
      const { capacity, metadata } = added[index] ?? { capacity: {}, metadata: {} };
      return { kind: "add", machine, metadata, capacity };
    }),
    ...uncordon.map(
      (machine): ViewChange => ({
        kind: "policy",
        machine,
        policy: { cordoned: false, drained: false },
      }),
    ),
    ...cordon.map((machine): ViewChange => ({ kind: "policy", machine, policy: { cordoned: true } })),
    ...put.map(
      ({ content, desiredState, unit }): ViewChange => ({
        kind: "put",
        unit,
        content,
        desiredState,
        requirements: parseRequirements(content.options, unit),
      }),
    ),
    ...want.map((change): ViewChange => ({ kind: "want", ...change })),
    ...drain.map((machine): ViewChange => ({ kind: "policy", machine, policy: { drained: true } })),
    ...hurried([...view.machines.values()].filter(({ policy }) => policy.drained).map(({ id }) => id)),
    ...hurried(drain),
    ...lose.map((machine): ViewChange => ({ kind: "lose", machine })),
  ];
}

/** How many units leave at a time matters to how long a drain takes, not to what becomes of it. */
function hurried(drained: readonly MachineId[]): readonly ViewChange[] {
  const policy = { handOversMax: Number.MAX_SAFE_INTEGER };
  return drained.map((machine) => ({ kind: "policy", machine, policy }));
}

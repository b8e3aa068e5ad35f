import { type Proposal, parseRequirements } from "@fleet/core";
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
    ...lose.map((machine): ViewChange => ({ kind: "lose", machine })),
  ];
}

import type { MachineV2 } from "@fleet/client";

/** What people should know of a machine, as words: `up`, or what it is instead; `cordoned` or `draining` may come with it. */
export function machineState({ condition, cordoned, drained, held, released }: MachineV2): string {
  const orders = drained ? ["draining"] : cordoned ? ["cordoned"] : [];
  const losses = [...(held === undefined ? [] : ["held"]), ...(released ? ["released"] : [])];
  const words = condition === "up" ? orders : [condition, ...orders, ...losses];
  return words.length === 0 ? "up" : words.join(",");
}

/** Why the machine is not simply up, for people; empty if nobody has said. */
export function machineRemark({ held, note, reason }: MachineV2): string {
  return [reason, note, held].filter((text) => text !== undefined && text !== "").join("; ");
}

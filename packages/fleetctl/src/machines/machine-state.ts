import type { MachineV2 } from "@fleet/client";

/** What people should know of a machine, as words: `up`, or what it is instead; `cordoned` or `draining` may come with it. */
export function machineState({ condition, cordoned, drained, held, released }: MachineV2): string {
  const orders = drained ? ["draining"] : cordoned ? ["cordoned"] : [];
  const losses = [...(held === undefined ? [] : ["held"]), ...(released ? ["released"] : [])];
  const words = condition === "up" ? orders : [condition, ...orders, ...losses];
  return words.length === 0 ? "up" : words.join(",");
}

/** What there is to say of the machine, for people: why it is not simply up, and whether it has a double. */
export function machineRemark({ duplicate, held, note, reason }: MachineV2): string {
  const clone = duplicate && `another machine with the same id was refused: ${duplicate}`;
  return [reason, note, held, clone].filter((text) => text !== undefined && text !== "").join("; ");
}

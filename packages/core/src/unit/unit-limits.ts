import { measuredResources, parseAmount } from "../machine/resources.js";
import type { UnitOption } from "./unit-file.js";

/** The sections in which systemd limits what a unit takes. */
const limitedSections: readonly string[] = ["Service", "Socket", "Mount", "Swap", "Scope", "Slice"];

const percent = /^(\d{1,9})(?:\.(\d))?\d?%$/;

/**
 * What a unit's own limits allow it to take, in the measure of reservations: `MemoryMax=` and `CPUQuota=`, the last of each. A
 * limit that depends on the machine (`MemoryMax=10%`) or is none (`infinity`, an empty value) says nothing.
 */
export function unitLimits(options: readonly UnitOption[]): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { section, name, value } of options) {
    if (!limitedSections.includes(section)) continue;
    if (name === "MemoryMax") note(limits, measuredResources.memory, parseAmount("memory", value));
    if (name === "CPUQuota") note(limits, measuredResources.cpu, parsePercent(value));
  }
  return limits;
}

function note(limits: Map<string, number>, name: string, amount: number | undefined): void {
  if (amount === undefined || amount === 0) limits.delete(name);
  else limits.set(name, amount);
}

/** `20%` is a fifth of a core, `250%` two and a half. */
function parsePercent(text: string): number | undefined {
  const [, whole, tenths = "0"] = percent.exec(text) ?? [];
  return whole === undefined ? undefined : Number(whole) * 10 + Number(tenths);
}

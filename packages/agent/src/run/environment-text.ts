import { compareUnitNames, type Metadata } from "@fleet/core";

/** What units may know of their machine. */
export interface MachineFacts {
  readonly machineId: string;
  /** Empty if none is known. */
  readonly publicIp: string;
}

/** The text, and the metadata keys that have no variable of their own. */
export interface EnvironmentText {
  readonly text: string;
  readonly leftOut: readonly string[];
}

/**
 * Renders the file for `EnvironmentFile=`: `FLEET_MACHINE_ID`, `FLEET_PUBLIC_IP` and `FLEET_METADATA_<KEY>` for each
 * metadata key, in upper case, with `_` for every character that a variable cannot have.
 * Where two keys give one variable, the key that is spelled most like it wins: one that needs no `_` put in, then the
 * first in the order of bytes. The others are left out, so that the result depends on the keys alone.
 */
export function environmentText(facts: MachineFacts, metadata: Metadata): EnvironmentText {
  const variables = new Map<string, string>();
  const leftOut: string[] = [];
  const keys = Object.keys(metadata).sort(
    (a, b) => Number(isChanged(a)) - Number(isChanged(b)) || compareUnitNames(a, b),
  );
  for (const key of keys) {
    const variable = `FLEET_METADATA_${variablePart(key)}`;
    if (variables.has(variable)) leftOut.push(key);
    else variables.set(variable, metadata[key] ?? "");
  }
  const lines = [
    ["FLEET_MACHINE_ID", facts.machineId],
    ["FLEET_PUBLIC_IP", facts.publicIp],
    ...[...variables].sort(([a], [b]) => compareUnitNames(a, b)),
  ];
  return { text: lines.map(([name, value]) => `${name}=${quoted(value ?? "")}\n`).join(""), leftOut };
}

function variablePart(key: string): string {
  return key.replace(/[^0-9A-Za-z_]/g, "_").toUpperCase();
}

function isChanged(key: string): boolean {
  return /[^0-9A-Za-z_]/.test(key);
}

/** As systemd reads double quotes: four characters are escaped, all others, line ends too, stand for themselves. */
function quoted(value: string): string {
  return `"${value.replaceAll("\0", "").replace(/["\\$`]/g, "\\$&")}"`;
}

import type { CommandContext } from "../command.js";
import type { WaitsFor } from "./block-options.js";

/** A unit that was told what is wanted of it. */
export interface ToldUnit {
  readonly name: string;
  readonly isGlobal: boolean;
}

/**
 * Says which units were only told what to do: global ones, whose machines are many, unless `--wait` asks for them; and all
 * of them with `--no-block`.
 * @returns the names to wait for.
 */
export function announce(
  { stdout }: CommandContext,
  units: readonly ToldUnit[],
  verb: string,
  waitsFor: WaitsFor,
): readonly string[] {
  const waited: string[] = [];
  for (const { name, isGlobal } of units) {
    if (waitsFor === "all") waited.push(name);
    else if (isGlobal) stdout.write(`Triggered global unit ${name} ${verb}\n`);
    else if (waitsFor === "none") stdout.write(`Triggered unit ${name} ${verb}\n`);
    else waited.push(name);
  }
  return waited;
}

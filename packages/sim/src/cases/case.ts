import type { SimConfig } from "../config.js";
import type { Deed, Step } from "../script/step.js";
import { unitText } from "../script/unit-texts.js";
import type { World } from "../world.js";

/** A world in which something certain happens, because it once went wrong somewhere. */
export interface Case {
  /** The rule that it bought. */
  readonly rule: string;
  /** What happens, in the protocol's own words where it has some. */
  readonly name: string;
  readonly config?: Partial<SimConfig>;
  readonly steps: readonly Step[];
  /** What must be so in the end, beside all invariants. @returns what is wrong. */
  readonly finally?: (world: World) => string | undefined;
}

/** At some second, something happens. */
export function at(seconds: number, deed: Deed): Step {
  return { atMs: seconds * 1000, deed };
}

/** Somebody submits a unit. */
export function submit(via: string, unit: string, demands: readonly string[] = [], mark = "v1"): Deed {
  const request = { kind: "submit", unit, text: unitText(mark, demands), state: "launched" } as const;
  return { kind: "user", via, request };
}

/** Somebody asks for something else. */
export function ask(via: string, request: Extract<Deed, { kind: "user" }>["request"]): Deed {
  return { kind: "user", via, request };
}

/** Pins a unit to a machine. */
export function pinnedTo(machine: string): string {
  return `MachineID=${machine.padEnd(32, "0")}`;
}

/** The machines on which a unit runs. */
export function runsOn(world: World, unit: string): readonly string[] {
  return world.machines.filter((machine) => machine.isRunning(unit)).map(({ name }) => name);
}

/** Complains unless a unit runs on so many machines. */
export function copies(world: World, unit: string, wanted: number): string | undefined {
  const found = runsOn(world, unit);
  return found.length === wanted ? undefined : `${unit} runs on [${found.join(", ")}]`;
}

import type { RunningUnit } from "../truth.js";
import type { Stage } from "./stage.js";
import type { UnitSpec } from "./unit-spec.js";

async function wantedPlaces(stage: Stage, spec: UnitSpec): Promise<readonly string[] | undefined> {
  if (!spec.isGlobal) return undefined;
  const on: string[] = [];
  for (const machine of stage.machines) {
    const isAllowed = spec.allowed === undefined || spec.allowed.includes(machine);
    if (isAllowed && (await stage.lab.machines.state(machine)) === "on") on.push(machine);
  }
  return on;
}

/** What of the machines' own account is not as it is wanted; `undefined` if all is. */
async function whyNotAsWanted(
  stage: Stage,
  places: ReadonlyMap<string, readonly string[]>,
): Promise<string | undefined> {
  for (const spec of stage.specs.values()) {
    const found = places.get(spec.name) ?? [];
    const wanted = await wantedPlaces(stage, spec);
    if (wanted === undefined && found.length !== 1)
      return `${spec.name} runs on ${found.length === 0 ? "no machine" : found.join(" and ")}`;
    if (wanted !== undefined && wanted.join() !== [...found].sort().join())
      return `${spec.name} runs on ${found.join(", ")}, not on ${wanted.join(", ")}`;
  }
  const stranger = [...places.keys()].find((unit) => !stage.specs.has(unit));
  return stranger === undefined ? undefined : `${stranger} runs, and nobody wants it`;
}

/** What fleet says that is not so; `undefined` if it tells the truth. */
async function whyNotAsListed(
  stage: Stage,
  places: ReadonlyMap<string, readonly string[]>,
): Promise<string | undefined> {
  const listed = await stage.fleetctl([
    "list-units",
    "--no-legend",
    "--full",
    "--fields=unit,machine,active,sub",
  ]);
  if (listed.code !== 0) return `fleetctl list-units: ${listed.stderr.trim()}`;
  const rows = listed.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(/\t+/));
  const said = new Map<string, string[]>();
  for (const [unit = "", machine = "", active = "", sub = ""] of rows) {
    if (active !== "active" || sub !== "running")
      return `fleet lists ${unit} as ${active} ${sub} on ${machine}`;
    const name = stage.machines.find((one) => machine.startsWith(stage.lab.machines.id(one)));
    said.set(unit, [...(said.get(unit) ?? []), name ?? machine]);
  }
  for (const [unit, found] of places) {
    const others = (said.get(unit) ?? []).sort().join(", ");
    if (others !== [...found].sort().join(", "))
      return `fleet lists ${unit} on ${others === "" ? "no machine" : others}, but it runs on ${found.join(", ")}`;
  }
  const ghost = [...said.keys()].find((unit) => !places.has(unit));
  return ghost === undefined ? undefined : `fleet lists ${ghost}, which runs nowhere`;
}

/**
 * Says what keeps the cluster from being as it is wanted (I1, I7): every wanted unit runs, exactly where and as often as
 * it should, nothing else does, and fleet says the same. @returns `undefined` if nothing does.
 */
export async function whyNotConverged(
  stage: Stage,
  running: readonly RunningUnit[],
): Promise<string | undefined> {
  const places = new Map<string, string[]>();
  for (const { unit, machine } of running) places.set(unit, [...(places.get(unit) ?? []), machine]);
  return (await whyNotAsWanted(stage, places)) ?? (await whyNotAsListed(stage, places));
}

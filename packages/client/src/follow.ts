import { type DesiredState, isDesiredState, parseRequirements, unitHash } from "@fleet/core";
import type { ClientClock } from "./clock.js";
import type { FleetClient } from "./fleet-client.js";
import { groupByName, mergeAnswer, snapshotOf, type UnitsSnapshot } from "./units-snapshot.js";
import type { UnitOptionV1, UnitStateV1, UnitV1 } from "./wire-v1.js";
import type { UnitStateV2, UnitStatusV2, WaitAnswerV2 } from "./wire-v2.js";

/** How long one long poll is asked to wait; short enough for proxies that drop silent connections. */
const waitTimeoutS = 25;
/** The original client's interval. */
const pollIntervalMs = 250;
/** From this many units on, one list is cheaper than asking for each. */
const listFromUnits = 20;

/**
 * Follows units through long polls.
 * @param first - An answer that mentions all of them.
 * @returns when a server answers that does not know of them, as one of a cluster that is being upgraded may.
 */
export async function* followByWaiting(
  first: WaitAnswerV2,
  wait: (after: number, timeoutS: number) => Promise<WaitAnswerV2 | "unsupported">,
): AsyncGenerator<UnitsSnapshot, void, void> {
  let snapshot = snapshotOf(first);
  yield snapshot;
  for (;;) {
    const answer = await wait(snapshot.revision, waitTimeoutS);
    if (answer === "unsupported") return;
    const news = (answer.units?.length ?? 0) + (answer.missing?.length ?? 0);
    snapshot = mergeAnswer(snapshot, answer);
    if (news > 0) yield snapshot;
  }
}

/** Follows units of a server that only has v1: asks for them again and again. */
export async function* followByPolling(
  client: FleetClient,
  clock: ClientClock,
  names: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<UnitsSnapshot, never, void> {
  for (;;) {
    yield await lookByAsking(client, names, signal);
    await clock.sleep(pollIntervalMs, signal);
  }
}

/** Looks at units through v1. What v1 does not say is left out of the snapshot. */
export async function lookByAsking(
  client: FleetClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<UnitsSnapshot> {
  const found =
    names.length < listFromUnits
      ? await Promise.all(names.map((name) => client.getUnit(name, signal)))
      : await client.listUnits(signal);
  const wanted = new Set(names);
  const units = new Map<string, UnitStatusV2>();
  for (const unit of found) {
    if (unit?.name !== undefined && wanted.has(unit.name)) units.set(unit.name, statusOf(unit.name, unit));
  }
  const [only] = names;
  const filter = names.length === 1 && only !== undefined ? { unitName: only } : {};
  const states = (await client.listStates(filter, signal))
    .filter((state) => state.name !== undefined && wanted.has(state.name))
    .map((state) => stateOf(state, units.get(state.name ?? "")));
  return { revision: 0, units, states: groupByName(states), isComplete: false };
}

/** Fills in what v1 leaves out of an option because it is empty. */
export function completeOptions(
  options: readonly UnitOptionV1[] | undefined,
): readonly { readonly section: string; readonly name: string; readonly value: string }[] {
  return (options ?? []).map(({ section = "", name = "", value = "" }) => ({ section, name, value }));
}

function statusOf(name: string, unit: UnitV1): UnitStatusV2 {
  const options = completeOptions(unit.options);
  const global = parseRequirements(options, name).global;
  return {
    name,
    global,
    hash: unitHash(options),
    ...(unit.desiredState === undefined ? {} : { desiredState: unit.desiredState }),
    // Lists of the original say `inactive` of every global unit, which means nothing.
    ...(unit.currentState === undefined || global ? {} : { currentState: unit.currentState }),
    ...(unit.machineID === undefined ? {} : { machineID: unit.machineID }),
  };
}

function stateOf(state: UnitStateV1, unit: UnitStatusV2 | undefined): UnitStateV2 {
  return {
    ...state,
    name: state.name ?? "",
    machineID: state.machineID ?? "",
    condition: "loaded",
    currentState: currentStateOf(state, unit),
    sinceMs: 0,
  };
}

/** v1 tells the state of a unit on the machine it was given; elsewhere all that is known is that it is there. */
function currentStateOf(state: UnitStateV1, unit: UnitStatusV2 | undefined): DesiredState {
  const current = unit?.machineID === state.machineID ? unit?.currentState : unit?.desiredState;
  return isDesiredState(current) ? current : "loaded";
}

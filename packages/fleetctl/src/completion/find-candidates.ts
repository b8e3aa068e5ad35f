import type { FleetClient, MachineV1, UnitStateV1 } from "@fleet/client";
import { formatMetadata } from "@fleet/core";
import type { Command, OptionSpec } from "../command.js";
import type { Offer } from "./offer.js";
import type { CompletionPlan } from "./plan-completion.js";

/** A word that a shell may put in place of what was typed, and what to say of it. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** Where candidates come from. */
export interface CandidateSources {
  readonly commands: readonly Command[];
  /** Makes a client; asked only if the cluster has to be. */
  connect(): Promise<FleetClient>;
  readonly signal: AbortSignal;
}

/** The line that tells a shell to offer files as well. */
export const filesLine = ":files";

/**
 * Finds everything that could stand there and begins as what was typed does.
 * @throws what the cluster's answer, or its lack, throws.
 */
export async function findCandidates(
  plan: CompletionPlan,
  sources: CandidateSources,
): Promise<readonly Candidate[]> {
  const lists = await Promise.all(plan.offers.map((offer) => listOffer(offer, plan.begun, sources)));
  return [...lists.flat(), ...flagCandidates(plan.flags)]
    .filter(({ word }) => word.startsWith(plan.begun))
    .map(({ word, about }) => ({ word: plan.kept + word, about }));
}

async function listOffer(
  offer: Offer,
  begun: string,
  sources: CandidateSources,
): Promise<readonly Candidate[]> {
  const { commands, connect, signal } = sources;
  switch (offer.kind) {
    case "words":
      return wordCandidates(offer.words, offer.separator, begun);
    case "terms":
      return await termCandidates(offer.keys, begun, sources);
    case "commands":
      return commands.map(({ name, summary }) => ({ word: name, about: summary }));
    case "units": {
      const units = await (await connect()).listUnits(signal);
      return units.map(({ name = "", desiredState = "" }) => ({ word: name, about: desiredState }));
    }
    case "placed-units": {
      const states = await (await connect()).listStates({}, signal);
      return begun.includes("@@") ? unitsOnMachines(states) : placedUnits(states);
    }
    case "machines": {
      const machines = await (await connect()).listMachines(signal);
      return machines.map(({ id = "", ...machine }) => machineCandidate(id, machine));
    }
    case "known-machines": {
      const client = await connect();
      const known = await client.listKnownMachines(signal);
      if (known === "unsupported") return await listOffer({ kind: "machines" }, begun, sources);
      return known.map(({ machineID, ...machine }) => machineCandidate(machineID, machine));
    }
    case "files":
      return [];
  }
}

function machineCandidate(id: string, { primaryIP = "", metadata = {} }: MachineV1): Candidate {
  return { word: id, about: [primaryIP, formatMetadata(metadata)].join(" ").trim() };
}

/** `UNIT@@MACHINE` for each, with and without the unit's `.service`: as it was begun. */
function unitsOnMachines(states: readonly UnitStateV1[]): readonly Candidate[] {
  return states.flatMap(({ name = "", machineID = "", systemdActiveState = "", systemdSubState = "" }) =>
    [...new Set([name, name.replace(/\.service$/, "")])].map((unit) => ({
      word: `${unit}@@${machineID}`,
      about: `${systemdActiveState}/${systemdSubState}`,
    })),
  );
}

/** A global unit has a state on each machine; the first one stands for all. */
function placedUnits(states: readonly UnitStateV1[]): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const { name = "", systemdActiveState = "", systemdSubState = "" } of states) {
    if (!found.has(name)) found.set(name, { word: name, about: `${systemdActiveState}/${systemdSubState}` });
  }
  return [...found.values()];
}

/** Of several words in one, the last is being typed. */
function wordCandidates(
  words: readonly string[],
  separator: string | undefined,
  begun: string,
): readonly Candidate[] {
  const kept = separator === undefined ? "" : begun.slice(0, begun.lastIndexOf(separator) + 1);
  return words.map((word) => ({ word: kept + word, about: "" }));
}

/** Of several terms the last is being typed: its key, or the value of it. */
async function termCandidates(
  keys: Readonly<Record<string, readonly Offer[]>>,
  begun: string,
  sources: CandidateSources,
): Promise<readonly Candidate[]> {
  const term = /^(.*,)?([^,!=]+)(!?=)([^,]*)$/.exec(begun);
  if (term === null) return wordCandidates(Object.keys(keys), ",", begun);
  const [, before = "", key = "", operator = "", value = ""] = term;
  const offers = Object.hasOwn(keys, `${key}=`) ? (keys[`${key}=`] ?? []) : [];
  const lists = await Promise.all(offers.map((offer) => listOffer(offer, value, sources)));
  return lists.flat().map(({ word, about }) => ({ word: before + key + operator + word, about }));
}

function flagCandidates(flags: readonly OptionSpec[]): readonly Candidate[] {
  return flags.map(({ name, help }) => ({ word: `--${name}`, about: help }));
}

import {
  expandSpecifiers,
  formatAmount,
  type MetadataDemand,
  type MetadataRule,
  metadataRuleText,
  type Requirements,
  requirementKeys,
  requirementSection,
  splitQuotedList,
} from "@fleet/core";
import { metadataDemands } from "./explain-facts.js";
import type { Place } from "./place.js";
import type { Planning } from "./planning.js";
import type { CheckName } from "./refusal.js";
import type { Subject } from "./subject.js";
import type { Applicant } from "./suggest-applicant.js";
import { type Candidate, firstFit, singleCandidate } from "./suggest-candidate.js";
import type { NearMiss } from "./suggest-near-misses.js";

/** How many of a unit's own demands are tried, each alone. */
const droppedMax = 8;

/** One demand of a unit less. */
export interface Drop {
  /** As it stands in the unit file, nearly: specifiers are expanded, and lists are taken apart. */
  readonly option: string;
  /** The option's value. */
  readonly value: string;
  readonly check: CheckName;
  readonly lessen: (requirements: Requirements) => Requirements;
  readonly subject: (subject: Subject) => Subject;
}

/** Changes of the units themselves: one of their demands less. */
export function demandCandidates(
  p: Planning,
  applicant: Applicant,
  misses: readonly NearMiss[],
): readonly Candidate[] {
  const failed = new Set(misses.flatMap((miss) => miss.failed));
  const { members, whole } = applicant;
  const isHeldUp = members.length > 1 || whole.cycle !== undefined;
  return listDropsOf(applicant)
    .filter(({ check }) => failed.has(check) || (isHeldUp && check === "machine-of"))
    .slice(0, droppedMax)
    .flatMap((drop): readonly Candidate[] => {
      const requirements = drop.unit.unit?.requirements;
      if (requirements === undefined) return [];
      const { name } = drop.unit;
      return [
        singleCandidate(drop.unit === members[0] ? 30 : 31, {
          what: `remove ${drop.option} from ${name}`,
          changes: [{ kind: "demand", unit: name, requirements: drop.lessen(requirements) }],
          tryIt: () => {
            const less = applicant.lessen(name, drop.subject);
            // Those who wait with it are fewer then, and fail less.
            const places = less.members.length < members.length ? p.draft.places : failingBut(misses, drop);
            return firstFit(p, less.whole, places);
          },
        }),
      ];
    });
}

function failingBut(misses: readonly NearMiss[], { check }: Drop): readonly Place[] {
  return misses.flatMap(({ failed, place }) => (failed.every((other) => other === check) ? place : []));
}

/** All demands that one of the units could do without, those of the unit in question first. */
export function listDropsOf({ members }: Applicant): readonly OwnedDrop[] {
  return members.flatMap((unit) => listDrops(unit).map((drop) => ({ ...drop, unit })));
}

/** One demand less of one of several units. */
export interface OwnedDrop extends Drop {
  readonly unit: Subject;
}

/** All demands of a unit that it could do without. */
function listDrops(subject: Subject): readonly Drop[] {
  return [
    ...metadataDemands(subject).map(({ key, text }) => metadataDrop(key, text)),
    ...subject.conflicts.map(({ text: value }): Drop => {
      return {
        option: `Conflicts=${value}`,
        value,
        check: "conflicts",
        lessen: (demands) => ({
          ...demands,
          conflicts: demands.conflicts.filter((pattern) => pattern !== value),
        }),
        subject: (unit) => ({ ...unit, conflicts: unit.conflicts.filter(({ text }) => text !== value) }),
      };
    }),
    ...[...new Set(subject.peerNames)].map((value): Drop => {
      return {
        option: `MachineOf=${value}`,
        value,
        check: "machine-of",
        lessen: (demands) => ({ ...demands, machineOf: demands.machineOf.filter((peer) => peer !== value) }),
        subject: (unit) => {
          const peers = unit.peers.filter(({ name }) => name !== value);
          const cycle = peers.some((peer) => unit.cycle?.has(peer)) ? unit.cycle : undefined;
          return { ...unit, cycle, peers, peerNames: unit.peerNames.filter((peer) => peer !== value) };
        },
      };
    }),
    ...subject.reserve.map(({ amount, resource: { name: value } }): Drop => {
      return {
        option: `Reserve=${amountAsWritten(subject, value, amount)}`,
        value,
        check: "resources",
        lessen: (demands) => ({
          ...demands,
          reserve: new Map([...demands.reserve].filter(([name]) => name !== value)),
        }),
        subject: (unit) => ({
          ...unit,
          reserve: unit.reserve.filter(({ resource }) => resource.name !== value),
        }),
      };
    }),
    ...(subject.machineId === undefined ? [] : [machineIdDrop(subject.machineId)]),
  ];
}

function machineIdDrop(value: string): Drop {
  return {
    option: `MachineID=${value}`,
    value,
    check: "machine-id",
    lessen: (demands) => ({ ...demands, machineId: undefined }),
    subject: (unit) => ({ ...unit, machineId: undefined }),
  };
}

/** An amount as it stands in the unit file, so that it can be found there. */
function amountAsWritten({ name: unitName, unit }: Subject, resource: string, amount: number): string {
  const written = (unit?.content?.options ?? [])
    .filter(({ name, section }) => section === requirementSection && name === requirementKeys.reserve)
    .flatMap(({ value }) => splitQuotedList(expandSpecifiers(value, unitName)))
    .flatMap((list) => list.split(","))
    .find((part) => part.split("=")[0]?.trim() === resource);
  return written?.trim() ?? `${resource}=${formatAmount(resource, amount)}`;
}

function metadataDrop(key: string, text: string): Drop {
  const isOther = (rule: MetadataRule): boolean => metadataRuleText(rule) !== text;
  const without = (demand: MetadataDemand): MetadataDemand => ({
    machineMetadata: new Map(
      [...demand.machineMetadata].filter(
        ([other, values]) => other !== key || `${key}=${values.join("|")}` !== text,
      ),
    ),
    metadataRules: demand.metadataRules.filter(isOther),
  });
  return {
    option: `MachineMetadata=${text}`,
    value: text,
    check: "machine-metadata",
    lessen: (demands) => ({ ...demands, ...without(demands) }),
    subject: (unit) => ({ ...unit, ...without(unit) }),
  };
}

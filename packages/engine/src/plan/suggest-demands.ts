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
import type { Planning } from "./planning.js";
import type { CheckName } from "./refusal.js";
import type { Subject } from "./subject.js";
import { type Candidate, firstFit } from "./suggest-candidate.js";
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

/** Changes of the unit itself: one of its demands less. */
export function demandCandidates(
  p: Planning,
  subject: Subject,
  misses: readonly NearMiss[],
): readonly Candidate[] {
  const requirements = subject.unit?.requirements;
  if (requirements === undefined) return [];
  const failed = new Set(misses.flatMap((miss) => miss.failed));
  return listDrops(subject)
    .filter(({ check }) => failed.has(check) || subject.cycle !== undefined)
    .slice(0, droppedMax)
    .map((drop) => ({
      what: `remove ${drop.option} from ${subject.name}`,
      cost: 30,
      changes: [{ kind: "demand", unit: subject.name, requirements: drop.lessen(requirements) }],
      tryIt: () => {
        // In a ring everything depends on who is decided first, which the checks cannot tell.
        if (subject.cycle !== undefined) return undefined;
        const places = misses.filter((miss) => miss.failed.every((check) => check === drop.check));
        return firstFit(
          p,
          drop.subject(subject),
          places.map(({ place }) => place),
        );
      },
    }));
}

/** All demands of a unit that it could do without. */
export function listDrops(subject: Subject): readonly Drop[] {
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
        subject: (unit) => ({
          ...unit,
          peerNames: unit.peerNames.filter((peer) => peer !== value),
          peers: unit.peers.filter(({ name }) => name !== value),
        }),
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

import {
  expandSpecifiers,
  formatAmount,
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

interface Drop {
  /** As it stands in the unit file, nearly: specifiers are expanded, and lists are taken apart. */
  readonly option: string;
  readonly check: CheckName;
  readonly requirements: Partial<Requirements>;
  readonly subject: Partial<Subject>;
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
  return listDrops(subject, requirements)
    .filter(({ check }) => failed.has(check) || subject.cycle !== undefined)
    .slice(0, droppedMax)
    .map((drop) => ({
      what: `remove ${drop.option} from ${subject.name}`,
      cost: 30,
      changes: [
        { kind: "demand", unit: subject.name, requirements: { ...requirements, ...drop.requirements } },
      ],
      tryIt: () => {
        // In a ring everything depends on who is decided first, which the checks cannot tell.
        if (subject.cycle !== undefined) return undefined;
        const places = misses.filter((miss) => miss.failed.every((check) => check === drop.check));
        const changed = { ...subject, ...drop.subject };
        return firstFit(
          p,
          changed,
          places.map(({ place }) => place),
        );
      },
    }));
}

function listDrops(subject: Subject, requirements: Requirements): readonly Drop[] {
  return [
    ...metadataDrops(subject),
    ...subject.conflicts.map(
      ({ text }): Drop => ({
        option: `Conflicts=${text}`,
        check: "conflicts",
        requirements: { conflicts: requirements.conflicts.filter((pattern) => pattern !== text) },
        subject: { conflicts: subject.conflicts.filter((pattern) => pattern.text !== text) },
      }),
    ),
    ...[...new Set(subject.peerNames)].map(
      (name): Drop => ({
        option: `MachineOf=${name}`,
        check: "machine-of",
        requirements: { machineOf: requirements.machineOf.filter((peer) => peer !== name) },
        subject: {
          peerNames: subject.peerNames.filter((peer) => peer !== name),
          peers: subject.peers.filter((peer) => peer.name !== name),
        },
      }),
    ),
    ...subject.reserve.map(
      ({ amount, resource: { name } }): Drop => ({
        option: `Reserve=${amountAsWritten(subject, name, amount)}`,
        check: "resources",
        requirements: { reserve: new Map([...requirements.reserve].filter(([other]) => other !== name)) },
        subject: { reserve: subject.reserve.filter(({ resource }) => resource.name !== name) },
      }),
    ),
    ...(subject.machineId === undefined
      ? []
      : [
          {
            option: `MachineID=${subject.machineId}`,
            check: "machine-id",
            requirements: { machineId: undefined },
            subject: { machineId: undefined },
          } as const,
        ]),
  ];
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

function metadataDrops(subject: Subject): readonly Drop[] {
  const { machineMetadata, metadataRules } = subject;
  return metadataDemands(subject).map(({ text }, index): Drop => {
    const rest =
      index < machineMetadata.size
        ? {
            machineMetadata: new Map([...machineMetadata].filter((_, at) => at !== index)),
            metadataRules,
          }
        : {
            machineMetadata,
            metadataRules: metadataRules.filter((_, at) => at !== index - machineMetadata.size),
          };
    return {
      option: `MachineMetadata=${text}`,
      check: "machine-metadata",
      requirements: rest,
      subject: rest,
    };
  });
}

import { compileGlob } from "./glob.js";
import { parseRequirements, type Requirements } from "./requirements.js";
import { parseUnitFile, serializeUnitFile, UnitFileError, type UnitOption } from "./unit-file.js";
import { unitNameBytesMax } from "./unit-name.js";

/**
 * Says why options may not stand together, in the original's words and in its order of checks. Like the original it
 * looks at the values as written, without expanding specifiers; `strictProblem` looks again with the unit's name.
 * @returns The first problem, in the order of the file; or `undefined`.
 */
export function combinationProblem(options: readonly UnitOption[]): string | undefined {
  try {
    parseUnitFile(serializeUnitFile(options));
  } catch (error) {
    if (error instanceof UnitFileError) return error.message;
    throw error;
  }
  return contradictionIn(parseRequirements(options));
}

/** Says which requirements rule each other out; the texts are the original's. */
export function contradictionIn(requirements: Requirements): string | undefined {
  return unresolvablePeer(requirements) ?? forbiddenPair(requirements);
}

function unresolvablePeer({ machineOf, conflicts, replaces }: Requirements): string | undefined {
  const rivals = [
    ...conflicts.map((pattern) => ({ role: "conflict", pattern, matches: compileGlob(pattern) })),
    ...replaces.map((pattern) => ({ role: "replace", pattern, matches: compileGlob(pattern) })),
  ];
  for (const peer of machineOf) {
    // No unit has a longer name, and matching one could take very long.
    if (peer.length > unitNameBytesMax) continue;
    const rival = rivals.find(({ matches }) => matches(peer));
    if (rival !== undefined) {
      return `unresolvable requirements: peer "${peer}" matches ${rival.role} "${rival.pattern}"`;
    }
  }
  return undefined;
}

function forbiddenPair(requirements: Requirements): string | undefined {
  const pinned = requirements.machineId !== undefined;
  const peers = requirements.machineOf.length > 0;
  const conflicts = requirements.conflicts.length > 0;
  const replaces = requirements.replaces.length > 0;
  if (pinned && peers) return "MachineID cannot be used with Peers";
  if (pinned && conflicts) return "MachineID cannot be used with Conflicts";
  if (pinned && requirements.global) return "MachineID cannot be used with Global";
  if (pinned && replaces) return "MachineID cannot be used with Replaces";
  if (requirements.global && peers) return "Global cannot be used with Peers";
  if (requirements.global && replaces) return "Global cannot be used with Replaces";
  if (conflicts && replaces) return "Conflicts cannot be used with Replaces";
  return undefined;
}

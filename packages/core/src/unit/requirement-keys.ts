/** The section that carries fleet's own options. Its name is case-sensitive. */
export const requirementSection = "X-Fleet";

/** The options of `[X-Fleet]`: how each is spelled today, and as older units spell it. */
export const requirementKeys = {
  machineId: "MachineID",
  machineOf: "MachineOf",
  machineMetadata: "MachineMetadata",
  conflicts: "Conflicts",
  replaces: "Replaces",
  global: "Global",
  reserve: "Reserve",
  prefer: "Prefer",
  avoid: "Avoid",
  spread: "Spread",
  exclusive: "Exclusive",
  offlineStart: "OfflineStart",
  legacyMachineId: "X-ConditionMachineID",
  legacyMachineBootId: "X-ConditionMachineBootID",
  legacyMachineOf: "X-ConditionMachineOf",
  legacyMachineMetadata: "X-ConditionMachineMetadata",
  legacyConflicts: "X-Conflicts",
} as const;

/** Every key that means something in `[X-Fleet]`. */
export const knownRequirementKeys: readonly string[] = Object.values(requirementKeys);

/** The spellings of the machine ID, the one that counts first. */
export const machineIdKeys: readonly string[] = [
  requirementKeys.machineId,
  requirementKeys.legacyMachineId,
  requirementKeys.legacyMachineBootId,
];

/** The spellings of the peers' list, in the order in which their values are put together. */
export const machineOfKeys: readonly string[] = [requirementKeys.legacyMachineOf, requirementKeys.machineOf];

/** The spellings of the conflicts' list, in the order in which their values are put together. */
export const conflictsKeys: readonly string[] = [requirementKeys.legacyConflicts, requirementKeys.conflicts];

export { AssertionError, assert, assertNever } from "./assert.js";
export type {
  ClusterIdentity,
  ClusterView,
  LeaderRecord,
  UnreadableRecord,
} from "./cluster/cluster-view.js";
export { currentStateOn } from "./cluster/current-state.js";
export { type DesiredState, desiredStates, isDesiredState } from "./cluster/desired-state.js";
export type {
  DrainProgress,
  EngineStatus,
  FencingMachine,
  HeldMachine,
  Quarantine,
  RefusedUnit,
  RollOut,
} from "./cluster/engine-status.js";
export {
  type ExplainedObjection,
  type ExplainedPlace,
  type Explanation,
  type FoundFact,
  type PlaceRole,
  placeRoles,
  type Suggestion,
  type UnitStanding,
  unitStandings,
} from "./cluster/explanation.js";
export type {
  FatalLoss,
  Forecast,
  ForeseenLoad,
  ForeseenMove,
  ForeseenRefusal,
  Proposal,
  SurvivalReport,
} from "./cluster/forecast.js";
export {
  type Machine,
  type MachineDuplicate,
  type MachinePolicy,
  noPolicy,
  type Presence,
  type PresenceContent,
  type PresenceState,
} from "./cluster/machine.js";
export type { Revision, Versioned } from "./cluster/revision.js";
export {
  isSeated,
  isTombstone,
  type Seat,
  type SeatContent,
  type SeatTarget,
  type Term,
} from "./cluster/seat.js";
export {
  nextWish,
  type UnitInstance,
  type UnitInstances,
  type UnitWish,
  type WishChange,
  wantedOn,
} from "./cluster/unit-instance.js";
export type { DestroyedMark, Unit, UnitRecord } from "./cluster/unit-record.js";
export {
  type Drift,
  type Generation,
  refusedJob,
  type UnitCondition,
  type UnitState,
  type UnitStateContent,
} from "./cluster/unit-state.js";
export {
  type ErrorCode,
  FleetError,
  type FleetErrorOptions,
  isFleetError,
  RegistryDistrustError,
} from "./errors.js";
export {
  type MachineId,
  machineIdProblem,
  matchesMachineId,
  parseMachineId,
  shortMachineId,
} from "./machine/machine-id.js";
export {
  effectiveMetadata,
  formatMetadata,
  type Metadata,
  metadataKeyProblem,
  parseMetadata,
} from "./machine/metadata.js";
export {
  type Amounts,
  formatAmount,
  formatAmounts,
  measuredResources,
  type ParsedAmounts,
  parseAmount,
  parseAmounts,
} from "./machine/resources.js";
export { belongsToMachine } from "./rules/belongs-to-machine.js";
export { compareVersions } from "./rules/compare-versions.js";
export { type ConflictParty, conflictBetween, type UnitConflict } from "./rules/conflicts-between.js";
export {
  exclusiveFenceMs,
  exclusiveKillMarginMs,
  exclusivePhaseMs,
  exclusiveStopMaxDefaultMs,
} from "./rules/exclusive-fence.js";
export { matchesMetadata } from "./rules/matches-metadata.js";
export {
  meetsMetadata,
  meetsMetadataRule,
  valueMeetsRule,
} from "./rules/meets-metadata.js";
export { metadataContradictions } from "./rules/metadata-contradictions.js";
export { type ReplacementParty, replacementBetween, type UnitReplacement } from "./rules/replaces-between.js";
export { closest } from "./suggest.js";
export { combinationProblem } from "./unit/combination-problem.js";
export { compileGlob, globProblem, hasGlobCharacters, matchesGlob } from "./unit/glob.js";
export {
  type MetadataExpression,
  type MetadataOperator,
  parseMetadataExpression,
} from "./unit/metadata-expression.js";
export {
  type MetadataDemand,
  type MetadataRule,
  metadataRuleText,
  ruleOfExpression,
} from "./unit/metadata-rule.js";
export { splitQuotedList } from "./unit/quoted-list.js";
export { knownRequirementKeys, requirementKeys, requirementSection } from "./unit/requirement-keys.js";
export { parseRequirements, type Requirements } from "./unit/requirements.js";
export { sha1Hex } from "./unit/sha1.js";
export { sha256Hex } from "./unit/sha256.js";
export { expandSpecifiers } from "./unit/specifiers.js";
export { strictProblem } from "./unit/strict-problem.js";
export {
  hasInstallSection,
  type UnitContent,
  unitContentFromOptions,
  unitContentFromText,
  unitDescription,
} from "./unit/unit-content.js";
export { parseUnitFile, serializeUnitFile, UnitFileError, type UnitOption } from "./unit/unit-file.js";
export { type ContentId, contentId, type UnitHash, unitHash } from "./unit/unit-hash.js";
export { unitLimits } from "./unit/unit-limits.js";
export {
  compareUnitNames,
  completeUnitName,
  isInstance,
  isTemplate,
  parseUnitName,
  splitUnitName,
  templateOf,
  templateUnitTypes,
  type UnitName,
  type UnitNameParts,
  unitNameProblem,
  unitTypes,
} from "./unit/unit-name.js";
export { unitWarnings } from "./unit/unit-warnings.js";
export { utf8Bytes, utf8Length } from "./unit/utf8.js";
export { validateUnit } from "./unit/validate-unit.js";
export { type ParsedWish, parseWish, type Wish, type WishedMetadata, type WishedUnit } from "./unit/wish.js";

export { guardUnitName } from "./drop-in.js";
export { ExclusiveUnits, type ExclusiveUnitsOptions } from "./exclusive-units.js";
export type { ManagerFacts } from "./guard-service.js";

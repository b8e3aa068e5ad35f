export { Guard, type GuardParts, type UnitStopper } from "./guard.js";
export { type GuardFeed, GuardFiles, type GuardReport } from "./guard-files.js";
export { createUnitProcesses, type UnitProcesses, type UnitProcessesOptions } from "./unit-processes.js";

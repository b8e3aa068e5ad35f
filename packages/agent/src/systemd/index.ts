export { AskOnce, type AskOnceOptions } from "./ask-once.js";
export { type ManagerAddress, type SocketTarget, socketOf } from "./manager-address.js";
export type { MemoryJob, MemoryUnit } from "./memory/memory-unit.js";
export { MemoryUnitDirectory } from "./memory/memory-unit-directory.js";
export { type MemoryCall, MemoryUnitManager } from "./memory/memory-unit-manager.js";
export { isOnTmpfs } from "./tmpfs.js";
export { openUnitDirectory } from "./unit-directory.js";
export { createUnitManager, type UnitManagerOptions } from "./unit-manager.js";

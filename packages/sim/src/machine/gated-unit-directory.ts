import type { MemoryUnitDirectory } from "@fleet/agent/systemd";
import type { UnitDirectory } from "@fleet/core/ports";
import type { SimProcess } from "./sim-process.js";

/** The units directory of a machine as a process has it. */
export function gateUnitDirectory(directory: MemoryUnitDirectory, process: SimProcess): UnitDirectory {
  return {
    pathOf: (name) => directory.pathOf(name),
    list: () => process.ask("units.list", () => directory.list()),
    read: (name) => process.ask("units.read", () => directory.read(name)),
    write: (name, text) => process.ask("units.write", () => directory.write(name, text)),
    remove: (name) => process.ask("units.remove", () => directory.remove(name)),
  };
}

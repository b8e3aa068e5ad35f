import { unitManagerContract } from "../contract.js";
import { MemoryUnitDirectory } from "./memory-unit-directory.js";
import { MemoryUnitManager } from "./memory-unit-manager.js";

unitManagerContract("the twin of systemd", async () => {
  const unitDirectory = new MemoryUnitDirectory();
  const unitManager = new MemoryUnitManager(unitDirectory);
  return { unitManager, unitDirectory, dispose: async () => {} };
});

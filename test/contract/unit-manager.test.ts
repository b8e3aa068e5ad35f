import { join } from "node:path";
import { type ManagerAddress, openUnitDirectory } from "@fleet/agent/systemd";
import { afterAll, beforeAll, describe } from "vitest";
import { unitManagerContract } from "../../packages/agent/src/systemd/contract.js";
import { createUnitManager } from "../../packages/agent/src/systemd/unit-manager.js";
import { silentLogger } from "../support/silent-logger.js";
import { systemClock } from "../support/system-clock.js";
import { UserManager } from "../support/user-manager.js";

describe("systemd", () => {
  let machine: UserManager;
  beforeAll(async () => {
    machine = await UserManager.boot();
  });
  afterAll(() => machine?.stop());

  const open = async (address: ManagerAddress) => ({
    unitManager: createUnitManager({ address, clock: systemClock, logger: silentLogger }),
    unitDirectory: await openUnitDirectory(join(machine.directory, "fleet/units")),
    dispose: async () => {},
  });
  unitManagerContract("over the private socket", () =>
    open({ kind: "private", path: machine.privateSocket }),
  );
  unitManagerContract("over the session bus", () => open({ kind: "user", address: machine.busAddress }));
});

import { readFileSync } from "node:fs";
import { createUnitManager, type ManagerAddress } from "@fleet/agent/systemd";
import type { Clock, Logger, UnitManager } from "@fleet/core/ports";
import { openEtcdStore, type Store } from "@fleet/registry";
import { exitCode, FatalError } from "./exit-code.js";
import type { Options } from "./options.js";

function pem(option: string, path: string): string | undefined {
  if (path === "") return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new FatalError(exitCode.configuration, `cannot read ${option} ${path}: ${error}`, { cause: error });
  }
}

/** Builds the way to etcd that the options describe. Nothing is sent yet. @throws {FatalError} `configuration`. */
export function openStore(options: Options, clock: Clock): Store {
  const ca = pem("etcd_cafile", options.etcd_cafile);
  const cert = pem("etcd_certfile", options.etcd_certfile);
  const key = pem("etcd_keyfile", options.etcd_keyfile);
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  const credentials = { username: options.etcd_username, password: options.etcd_password };
  try {
    return openEtcdStore({
      endpoints: options.etcd_servers,
      clock,
      requestTimeoutMs: options.etcd_request_timeout,
      ...(Object.keys(tls).length === 0 ? {} : { tls }),
      ...(credentials.username === "" ? {} : { credentials }),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FatalError(exitCode.configuration, why, { cause: error });
  }
}

/** The variables of the environment that matter outside of the options. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Finds the bus that "system" or "user" means here. @throws {FatalError} `configuration` if no user bus is known. */
export function managerAddress(systemd: Options["systemd"], environment: Environment): ManagerAddress {
  if (systemd.kind === "system") {
    const address = environment.DBUS_SYSTEM_BUS_ADDRESS;
    return address === undefined || address === "" ? systemd : { ...systemd, address };
  }
  if (systemd.kind !== "user") return systemd;
  const { DBUS_SESSION_BUS_ADDRESS: session, XDG_RUNTIME_DIR: runtime } = environment;
  if (session !== undefined && session !== "") return { kind: "user", address: session };
  if (runtime !== undefined && runtime !== "") return { kind: "user", address: `unix:path=${runtime}/bus` };
  throw new FatalError(
    exitCode.configuration,
    'systemd = "user": neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR says which user manager is meant',
  );
}

/** Builds the way to systemd that the options describe. Nothing is sent yet. */
export function openUnitManager(
  options: Options,
  environment: Environment,
  clock: Clock,
  logger: Logger,
): UnitManager {
  const address = managerAddress(options.systemd, environment);
  try {
    return createUnitManager({ address, clock, logger });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FatalError(exitCode.configuration, why, { cause: error });
  }
}

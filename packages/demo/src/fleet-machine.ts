import { createHash } from "node:crypto";
import { type DaemonTemplate, fleetdNodeOptions, type Lab } from "@fleet/lab";

/** One machine of a cluster in a lab, before it boots. */
export interface FleetMachine {
  /** `m1`, `m2`, … */
  readonly name: string;
  /** `127.0.0.11`, `127.0.0.12`, … */
  readonly address: string;
  readonly machineId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const firstHost = 11;

/**
 * Describes machine `number` (from 1): its id is made from its name, so that a machine that is revived is the same one.
 * @param metadata - Beside these, each machine has `name=<its name>`.
 */
export function fleetMachine(
  lab: Pick<Lab, "name">,
  number: number,
  metadata: Readonly<Record<string, string>> = {},
): FleetMachine {
  const name = `m${number}`;
  const digest = createHash("sha256").update(`${lab.name} ${name}`).digest("hex");
  return {
    name,
    address: `127.0.0.${firstHost - 1 + number}`,
    machineId: digest.slice(0, 32),
    metadata: { name, ...metadata },
  };
}

/** How a machine's fleetd is run. */
export interface DaemonOptions {
  /** The checkout whose bundle is run. */
  readonly checkout: string;
  /** What this machine takes for etcd. */
  readonly etcdUrl: string;
  readonly apiPort: number;
  /** In the notation of fleet.conf. Absent: fleetd's own default. */
  readonly ttl?: string;
  /** Reach systemd over the session bus instead of the manager's private socket. */
  readonly bus?: boolean;
  /** Further `FLEET_…` variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The service by which a machine's own systemd keeps its fleetd running. */
export function fleetDaemon(lab: Lab, machine: FleetMachine, options: DaemonOptions): DaemonTemplate {
  const { runtime, disk, privateSocket, busSocket } = lab.paths(machine.name);
  const metadata = Object.entries(machine.metadata).map(([key, value]) => `${key}=${value}`);
  return {
    command: [process.execPath, ...fleetdNodeOptions, `${options.checkout}/packages/fleetd/dist/fleetd.mjs`],
    environment: {
      FLEET_ETCD_SERVERS: options.etcdUrl,
      FLEET_MACHINE_ID: machine.machineId,
      FLEET_PUBLIC_IP: machine.address,
      FLEET_METADATA: metadata.join(","),
      FLEET_SYSTEMD: options.bus === true ? `unix:path=${busSocket}` : `private:${privateSocket}`,
      FLEET_LISTEN: `unix://${runtime}/fleet.sock,http://${machine.address}:${options.apiPort}`,
      FLEET_UNITS_DIRECTORY: `${runtime}/fleet/units`,
      FLEET_RUNTIME_DIRECTORY: `${runtime}/fleet`,
      FLEET_STATE_DIRECTORY: `${disk}/fleet`,
      FLEET_ENVIRONMENT_FILE: `${runtime}/fleet/environment`,
      ...(options.ttl === undefined ? {} : { FLEET_AGENT_TTL: options.ttl }),
      ...options.environment,
    },
  };
}

import { type ApiServer, createApiServer, inheritedDescriptors } from "@fleet/api";
import { FleetError } from "@fleet/core";
import type { Clock, Logger, Random } from "@fleet/core/ports";
import { createInsight } from "@fleet/engine";
import { createReplica, createUnitRegistry, Keys, Trust } from "@fleet/registry";
import { countStore } from "./counted-store.js";
import { makeDirectories } from "./directories.js";
import { exitCode, FatalError } from "./exit-code.js";
import { runGroup } from "./group.js";
import { groupId } from "./group-id.js";
import { openExclusiveUnits } from "./guard/open-exclusive.js";
import { createIntrospection } from "./introspection.js";
import { formatListenAddress } from "./listen-address.js";
import { machineIdentity } from "./machine-identity.js";
import { Membership } from "./membership.js";
import type { Options } from "./options.js";
import { type Environment, managerAddress, openStore, openUnitManager } from "./outside.js";
import { version } from "./version.js";

/** What a daemon is made of. */
export interface DaemonParts {
  readonly options: Options;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Asks the daemon to end. Units are not touched by that. */
  readonly signal: AbortSignal;
}

/** How long the farewell of a machine that goes down may take; systemd is waiting. */
const farewellMsMax = 2_000;

async function listen(api: ApiServer, { options, environment, logger }: DaemonParts): Promise<void> {
  for (const address of options.listen) {
    const where = formatListenAddress(address);
    try {
      if (address.kind === "inherited") {
        const descriptors = inheritedDescriptors(environment, process.pid);
        if (descriptors.length === 0) throw new FleetError("not-found", "systemd passed no sockets");
        for (const fd of descriptors) await api.listen({ kind: "inherited", fd });
      } else if (address.kind === "unix") {
        const group = groupId(options.socket_group);
        await api.listen({ ...address, mode: options.socket_mode, ...group });
      } else await api.listen(address);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new FatalError(exitCode.listen, `cannot listen on ${where}: ${why}`, { cause: error });
    }
    logger.info("listening", { address: where });
  }
}

/** Aborts once the daemon was asked to end and the cluster has been told what there is to tell. */
function afterFarewell(membership: Membership, { clock, signal }: DaemonParts): AbortSignal {
  const controller = new AbortController();
  const limit = new AbortController();
  const farewell = async () => {
    const limited = clock.sleep(farewellMsMax, limit.signal).catch(() => undefined);
    await Promise.race([membership.announceLeaving(limit.signal).catch(() => undefined), limited]);
    limit.abort();
    controller.abort(signal.reason);
  };
  if (signal.aborted) void farewell();
  else signal.addEventListener("abort", () => void farewell(), { once: true });
  return controller.signal;
}

/**
 * Runs fleetd until the signal: agent, engine candidate and API of one machine. When it ends, nothing is stopped.
 * The only place that puts adapters together; it decides nothing about units.
 * @throws {FatalError} with the exit code that says why it could not start or go on.
 */
export async function runDaemon(parts: DaemonParts): Promise<void> {
  const { options, environment, clock, random, logger } = parts;
  const id = machineIdentity(options);
  makeDirectories([options.runtime_directory, options.state_directory, options.units_directory]);
  const unitManager = openUnitManager(options, environment, clock, logger.child({ component: "systemd" }));
  const store = countStore(openStore(options, clock), clock);
  const registry = {
    trust: new Trust(store),
    keys: new Keys(options.etcd_key_prefix),
    clock,
    random,
    logger: logger.child({ component: "registry" }),
  };
  const replica = createReplica(registry);
  const membership = new Membership({
    id,
    options,
    registry,
    replica,
    unitManager,
    exclusive: openExclusiveUnits({
      options,
      address: managerAddress(options.systemd, environment),
      unitManager,
      clock,
      logger: logger.child({ component: "exclusive" }),
    }),
    clock,
    random,
    logger,
  });
  const introspection = createIntrospection({ clock, membership, replica, store });
  const shared = { reserveFromUnit: options.reserve_from_unit };
  const insight = createInsight(clock, shared, { replica, leader: membership });
  const api: ApiServer = createApiServer({
    replica,
    units: createUnitRegistry(registry),
    insight,
    availability: () => {
      const problem = membership.problem ?? registry.trust.finding;
      // A frozen daemon answers, and says in each answer that it does not believe the registry.
      const available = membership.problem === undefined;
      return problem === undefined ? { available } : { available, problem };
    },
    tokenLimit: options.token_limit,
    version,
    machineId: id,
    logger: logger.child({ component: "api" }),
    clock,
    debugState: introspection.debugState,
    metrics: () => introspection.metrics(api.counters),
  });
  logger.info("starting fleetd", { version, machine: id });
  try {
    await listen(api, parts);
    await runGroup(
      [
        (inner) => unitManager.run(inner),
        (inner) => replica.run(inner),
        (inner) => insight.run(inner),
        (inner) => membership.run(inner),
        (inner) => api.run(inner),
      ],
      afterFarewell(membership, parts),
    );
  } finally {
    await store.close();
  }
  logger.info("fleetd has ended; the units run on");
}

import { FleetError } from "@fleet/core";
import type { Clock, Logger } from "@fleet/core/ports";
import { exitCode, FatalError } from "./exit-code.js";
import type { Options } from "./options.js";
import { type Environment, openStore, openUnitManager } from "./outside.js";
import { reachSystemd } from "./reach-systemd.js";

/** How long either may take to answer. */
const patienceMs = 10_000;

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof FleetError && error.hint !== undefined
    ? `${error.message} (${error.hint})`
    : error.message;
}

/** Runs `ask` with a time limit. */
async function limited(clock: Clock, ask: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const done = new AbortController();
  const watchdog = clock
    .sleep(patienceMs, done.signal)
    .then(() =>
      controller.abort(new FleetError("deadline-exceeded", `no answer within ${patienceMs / 1000} s`)),
    )
    .catch(() => undefined);
  try {
    await ask(controller.signal);
  } finally {
    done.abort();
    await watchdog;
  }
}

async function checkEtcd(options: Options, clock: Clock): Promise<void> {
  const store = openStore(options, clock);
  try {
    await limited(clock, async (signal) => {
      await store.range({ key: `${options.etcd_key_prefix}cluster` }, signal);
    });
  } catch (error) {
    throw new FatalError(
      exitCode.etcd,
      `cannot use etcd at ${options.etcd_servers.join(", ")}: ${reason(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    await store.close();
  }
}

async function checkSystemd(
  options: Options,
  environment: Environment,
  clock: Clock,
  logger: Logger,
): Promise<string> {
  const manager = openUnitManager(options, environment, clock, logger);
  const end = new AbortController();
  const running = manager.run(end.signal).catch(() => undefined);
  let state = "";
  try {
    await limited(clock, async (signal) => {
      await reachSystemd(manager, clock, signal);
      state = await manager.systemState(signal);
    });
    return state;
  } catch (error) {
    throw new FatalError(exitCode.systemd, `cannot reach systemd over D-Bus: ${reason(error)}`, {
      cause: error,
    });
  } finally {
    end.abort();
    await running;
  }
}

/**
 * Tries everything that fleetd needs, changing nothing.
 * @returns what was found, a line each.
 * @throws {FatalError} for the first thing that is missing, with the exit code of its kind.
 */
export async function check(
  options: Options,
  environment: Environment,
  clock: Clock,
  logger: Logger,
): Promise<readonly string[]> {
  await checkEtcd(options, clock);
  const state = await checkSystemd(options, environment, clock, logger);
  return [
    "configuration  ok",
    `etcd           ok  ${options.etcd_servers.join(", ")}`,
    `systemd        ok  ${options.systemd.kind}, ${state}`,
  ];
}

import { ApiError, TransportError, type UnitsSnapshot } from "@fleet/client";
import type { CommandContext } from "../command.js";
import { indexMachines, type MachineIndex, machineLegend } from "../output/machine-legend.js";
import { attemptMs } from "./block-options.js";
import { createWaitStatus } from "./wait-status.js";

/** A server that cannot be reached is asked again for so long, because a fleetd may be restarting. */
const outageMsMax = 30_000;
const outagePauseMs = 500;

/** A line for stdout: what a unit has reached, and on which machine, if on one. */
export interface UnitLine {
  readonly text: string;
  readonly machineId?: string | undefined;
}

/** How far a unit is. Lines are printed once each, as soon as they come up. */
export type Progress =
  | { readonly kind: "waiting"; readonly why: string; readonly lines?: readonly UnitLine[] }
  | { readonly kind: "reached"; readonly lines?: readonly UnitLine[] }
  /** It cannot get there any more, or not without help. */
  | {
      readonly kind: "failed";
      readonly why: string;
      readonly lines?: readonly UnitLine[];
      /** The machine where it has failed, and whose journal may say more. */
      readonly machineId?: string | undefined;
    };

/** What to wait for. */
export interface WaitOptions {
  readonly names: readonly string[];
  /** The unit behind a name, where names stand for something else; default: the name itself. */
  unitOf?(name: string): string;
  /** Judges one unit. */
  judge(name: string, snapshot: UnitsSnapshot): Progress;
  /** How many attempts to wait; 0 or less: for ever. */
  readonly attempts: number;
  /** What is said of a unit that is not there in time. */
  timedOut(name: string): string;
  /** What is said when the user has had enough. */
  readonly interrupted: string;
}

/** A unit that did not get there. */
export interface WaitFailure {
  readonly name: string;
  readonly message: string;
  /** What stood in its way when the time was up. */
  readonly why?: string;
  /** The machine where it has failed, and whose journal may say more. */
  readonly machineId?: string | undefined;
}

/**
 * Waits until every unit has got where it should be, has failed, or the time is up.
 * @returns the units that did not get there, in the given order.
 * @throws Interrupted after saying so; the server's error if it refuses to be asked.
 */
export async function waitForUnits(
  context: CommandContext,
  options: WaitOptions,
): Promise<readonly WaitFailure[]> {
  const waiting = new Map(options.names.map((name) => [name, ""]));
  const printer = createPrinter(context);
  const failures = new Map<string, WaitFailure>();
  const end = new AbortController();
  const signal = AbortSignal.any([context.signal, end.signal]);
  const status = createWaitStatus(context, options, waiting);
  const timers = [status.run(signal)];
  if (options.attempts > 0) timers.push(stopAfter(options.attempts * attemptMs, context, end, signal));
  try {
    const units = options.names.map((name) => options.unitOf?.(name) ?? name);
    await followThroughOutages(context, [...new Set(units)], signal, {
      onSnapshot: async (snapshot) => {
        await judgeAll(options, snapshot, waiting, failures, printer);
        status.update();
        return waiting.size === 0;
      },
      onOutage: (error) => {
        const what = error instanceof ApiError ? error.message : `no answer from ${context.client.endpoint}`;
        const why = `${what}, trying again`;
        for (const name of waiting.keys()) waiting.set(name, why);
        status.update();
      },
    });
  } catch (error) {
    if (context.signal.aborted) {
      context.stderr.write(`${options.interrupted}\n`);
      throw context.signal.reason;
    }
    if (!end.signal.aborted) throw error;
  } finally {
    end.abort();
    await Promise.all(timers);
    status.end();
  }
  for (const [name, why] of waiting) {
    failures.set(name, { name, message: options.timedOut(name), ...(why === "" ? {} : { why }) });
  }
  return options.names.flatMap((name) => failures.get(name) ?? []);
}

async function judgeAll(
  options: WaitOptions,
  snapshot: UnitsSnapshot,
  waiting: Map<string, string>,
  failures: Map<string, WaitFailure>,
  printer: LinePrinter,
): Promise<void> {
  for (const name of [...waiting.keys()]) {
    const progress = options.judge(name, snapshot);
    for (const line of progress.lines ?? []) await printer.print(line);
    if (progress.kind === "waiting") {
      waiting.set(name, progress.why);
    } else {
      waiting.delete(name);
      if (progress.kind === "failed") {
        failures.set(name, { name, message: progress.why, machineId: progress.machineId });
      }
    }
  }
}

interface Followers {
  /** @returns whether that was enough. */
  onSnapshot(snapshot: UnitsSnapshot): Promise<boolean>;
  /** The server is away, or says that it cannot help at present. */
  onOutage(error: unknown): void;
}

/** Follows units until that is enough; a server that is away for a short time is waited for. */
async function followThroughOutages(
  context: CommandContext,
  names: readonly string[],
  signal: AbortSignal,
  { onSnapshot, onOutage }: Followers,
): Promise<void> {
  if (names.length === 0) return;
  // From its first failure, not from the last answer: a quiet cluster has no answers to give for long times.
  let awaySince: number | undefined;
  for (;;) {
    try {
      for await (const snapshot of context.client.follow(names, signal)) {
        awaySince = undefined;
        if (await onSnapshot(snapshot)) return;
      }
    } catch (error) {
      signal.throwIfAborted();
      const isOutage = error instanceof TransportError || (error instanceof ApiError && error.status === 503);
      awaySince ??= context.clock.monotonic();
      if (!isOutage || context.clock.monotonic() - awaySince > outageMsMax) throw error;
      onOutage(error);
      await context.clock.sleep(outagePauseMs, signal);
    }
  }
}

async function stopAfter(
  ms: number,
  { clock }: CommandContext,
  end: AbortController,
  signal: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(ms, signal);
    end.abort();
  } catch {
    // The wait is over; there is nothing left to stop.
  }
}

/** Prints lines, each once however often it comes up. */
interface LinePrinter {
  print(line: UnitLine): Promise<void>;
}

function createPrinter({ client, signal, stdout }: CommandContext): LinePrinter {
  let machines: MachineIndex = new Map();
  const printed = new Set<string>();
  return {
    print: async ({ text, machineId }) => {
      const line = `${text} ${machineId ?? ""}`;
      if (printed.has(line)) return;
      printed.add(line);
      if (machineId !== undefined && !machines.has(machineId)) {
        machines = indexMachines(await client.listMachines(signal));
      }
      const place = machineId === undefined ? "" : ` on ${machineLegend(machineId, machines, false)}`;
      stdout.write(`${text}${place}\n`);
    },
  };
}

import type { CommandContext } from "../command.js";
import { attemptMs } from "./block-options.js";

/** After so long people at a terminal want to see that something goes on; shorter waits would only flicker. */
const statusAfterMs = 300;
const statusEveryMs = 1_000;
/** After so long people without a status line want to know what they are waiting for. */
const remarkAfterMs = 5_000;

/** Tells people what a command is waiting for. */
export interface WaitStatus {
  /** Tells from time to time; ends when the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Something has changed. */
  update(): void;
  /** Takes away what is not to stay. */
  end(): void;
}

/**
 * Makes a status line where there can be one, and lines on stderr elsewhere.
 * @param waiting - What is waited for, and why each is not there yet; read whenever something is told.
 */
export function createWaitStatus(
  context: CommandContext,
  wait: { readonly names: readonly string[]; readonly attempts: number },
  waiting: ReadonlyMap<string, string>,
): WaitStatus {
  const { clock, stderr } = context;
  if (stderr.status === undefined) {
    return {
      run: (signal) => remarkOn(waiting, context, signal),
      update: () => undefined,
      end: () => undefined,
    };
  }
  const startedAt = clock.monotonic();
  const update = (): void => {
    const waitedMs = clock.monotonic() - startedAt;
    if (waitedMs < statusAfterMs || waiting.size === 0) return;
    stderr.status?.(statusText(waitedMs, wait, waiting));
  };
  return {
    run: async (signal) => {
      for (
        let pauseMs = statusAfterMs;
        await isSleptWell(context, pauseMs, signal);
        pauseMs = statusEveryMs
      ) {
        update();
      }
    },
    update,
    end: () => stderr.status?.(undefined),
  };
}

function statusText(
  waitedMs: number,
  { names, attempts }: { readonly names: readonly string[]; readonly attempts: number },
  waiting: ReadonlyMap<string, string>,
): string {
  const [[name, why] = ["", ""]] = waiting;
  const limit = attempts > 0 ? ` of ${Math.ceil((attempts * attemptMs) / 1000)}` : "";
  const others = names.length === 1 ? "" : `${waiting.size} of ${names.length} units, `;
  const reason = why === "" ? "" : `: ${why}`;
  return `Waiting ${Math.floor(waitedMs / 1000)}${limit} s for ${others}${name}${reason}`;
}

/** Says on stderr what is being waited for, as soon as that takes long, and again when the reason changes. */
async function remarkOn(
  waiting: ReadonlyMap<string, string>,
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const told = new Map<string, string>();
  while (await isSleptWell(context, remarkAfterMs, signal)) {
    for (const [name, why] of waiting) {
      if (why !== "" && told.get(name) !== why) {
        context.stderr.write(`Waiting for unit ${name}: ${why}\n`);
      }
      told.set(name, why);
    }
  }
}

/** @returns `false` when the wait is over before. */
async function isSleptWell({ clock }: CommandContext, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch {
    return false;
  }
}

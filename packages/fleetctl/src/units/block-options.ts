import type { CommandArgs, OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";

/** The original's unit of patience: one attempt lasts so long, in ms. */
export const attemptMs = 2_000;

/** `--no-block`, `--wait`, `--block-attempts` and `--timeout`, as all commands that wait have them. */
export const blockOptions: readonly OptionSpec[] = [
  {
    name: "no-block",
    type: "boolean",
    fallback: false,
    help: "Do not wait until the units are where they should be.",
  },
  {
    name: "wait",
    type: "boolean",
    fallback: false,
    help: "Wait for global units, too, on all machines that they were given to.",
  },
  {
    name: "block-attempts",
    type: "integer",
    fallback: 0,
    help: "Give up waiting after so many attempts of 2 seconds; 0: never.",
  },
  {
    name: "timeout",
    type: "seconds",
    fallback: 0,
    help: "Give up waiting after so many seconds, or --block-attempts if that is shorter; without either: never.",
  },
];

/**
 * Reads how long to wait.
 * @returns in attempts of 2 seconds, as `waitForUnits` takes it, parts of one included; 0: for ever.
 */
export function readPatience(args: CommandArgs): number {
  const limits = [args.number("block-attempts"), (args.number("timeout") * 1_000) / attemptMs];
  const finite = limits.filter((limit) => limit > 0);
  return finite.length === 0 ? 0 : Math.min(...finite);
}

/** Which units a command waits for: none, those that have one place, or all. */
export type WaitsFor = "none" | "plain" | "all";

/** Reads which units to wait for. @throws {UsageError} for `--wait` with `--no-block`. */
export function readWaitsFor(args: CommandArgs): WaitsFor {
  if (args.flag("wait") && args.flag("no-block")) {
    throw new UsageError("Error: --wait and --no-block contradict each other");
  }
  return args.flag("no-block") ? "none" : args.flag("wait") ? "all" : "plain";
}

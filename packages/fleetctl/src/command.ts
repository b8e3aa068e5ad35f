import type { ClientClock, FleetClient } from "@fleet/client";
import type { ArgumentOffers, Offer } from "./completion/offer.js";
import type { Programs } from "./programs/programs.js";

/** Takes text for people or programs. */
export interface Output {
  write(text: string): void;
  /**
   * Shows a line below everything else until the next call; `undefined` takes it away. Absent where no one would see it, or
   * where it could not be taken away again: then people need lines now and then instead.
   */
  status?(text: string | undefined): void;
}

/** What a command works with; it reaches nothing else. */
export interface CommandContext {
  readonly client: FleetClient;
  /** Data. */
  readonly stdout: Output;
  /** For people. */
  readonly stderr: Output;
  readonly clock: ClientClock;
  /** Aborted, with `Interrupted`, when the user has had enough. */
  readonly signal: AbortSignal;
  /** Reads a file; relative paths start where the user is. @throws Node's error. */
  readFile(path: string): Promise<Uint8Array>;
  readonly programs: Programs;
}

/** How a flag is written and read. */
export type OptionSpec = {
  /** As it is typed, without dashes. A name that begins with `no-` is a switch like any other. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** One sentence for the help page. */
  readonly help: string;
  /** What shells may offer for its value. */
  readonly offers?: readonly Offer[];
  /**
   * Kept for command lines that were written for the original, and shown nowhere. What is said on stderr when it is given;
   * empty: nothing.
   */
  readonly retired?: string;
  /** The option whose value it gives, under another name. */
  readonly synonymOf?: string;
} & (
  | { readonly type: "boolean"; readonly fallback: boolean }
  | {
      readonly type: "text";
      readonly fallback: string;
      /** What stands between the values of several flags of this name; without it the last one counts. */
      readonly joinedBy?: string;
    }
  | { readonly type: "integer"; readonly fallback: number }
  | { readonly type: "seconds"; readonly fallback: number }
);

/** A command line, read and checked. */
export interface CommandArgs {
  readonly positionals: readonly string[];
  /** Whether the command line itself names the option, whatever value it gives. */
  isGiven(name: string): boolean;
  flag(name: string): boolean;
  text(name: string): string;
  number(name: string): number;
}

/** One command of fleetctl. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows `fleetctl ` in the usage line. */
  readonly usage: string;
  /** Paragraphs for the help page. */
  readonly description: string;
  readonly options: readonly OptionSpec[];
  /** What shells may offer for its arguments. */
  readonly arguments?: ArgumentOffers;
  readonly examples: readonly { readonly command: string; readonly what: string }[];
  /**
   * Tells whether fleetctl's own flags end before the next positional argument, for commands that run another one.
   * @param words - What stands between the command and that argument, as `CommandWords` has it. Absent: they never do.
   */
  flagsEndAfter?(words: readonly string[]): boolean;
  /** @returns the exit code. @throws whatever went wrong and has not been told yet. */
  run(context: CommandContext, args: CommandArgs): Promise<number>;
}

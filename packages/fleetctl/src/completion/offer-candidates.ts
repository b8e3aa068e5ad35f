import type { ClientClock, FleetClient } from "@fleet/client";
import type { Command, OptionSpec, Output } from "../command.js";
import { exitCode } from "../exit-code.js";
import { type Candidate, filesLine, findCandidates } from "./find-candidates.js";
import { planCompletion } from "./plan-completion.js";

/** People who have pressed Tab wait no longer than this for a cluster. */
const patienceMs = 1_000;

/** What candidates are made of. */
export interface CompletionWorld {
  readonly commands: readonly Command[];
  readonly globals: readonly OptionSpec[];
  readonly stdout: Output;
  readonly clock: ClientClock;
  readonly signal: AbortSignal;
  /** Makes a client for what has been typed so far. */
  connect(): Promise<FleetClient>;
}

/**
 * Prints what could stand in place of the last word: a line for each, the word, a tab, and what it is; and `:files` where
 * files could stand too. Nothing is ever said of errors, because they would appear in the middle of a command line.
 * @returns the exit code, which shells ignore.
 */
export async function offerCandidates(words: readonly string[], world: CompletionWorld): Promise<number> {
  const { clock, commands, globals, stdout } = world;
  const end = new AbortController();
  const signal = AbortSignal.any([world.signal, end.signal]);
  const timer = clock.sleep(patienceMs, signal).then(
    () => end.abort(),
    () => undefined,
  );
  const clients: FleetClient[] = [];
  const connect = async (): Promise<FleetClient> => {
    const client = await world.connect();
    clients.push(client);
    return client;
  };
  const plan = planCompletion(words, commands, globals);
  // Files need no cluster, so they are offered even if that does not answer.
  if (plan.offers.some(({ kind }) => kind === "files")) stdout.write(`${filesLine}\n`);
  try {
    const candidates = await findCandidates(plan, { commands, connect, signal });
    stdout.write(candidates.map(candidateLine).join(""));
    return exitCode.ok;
  } catch {
    return exitCode.failed;
  } finally {
    end.abort();
    await timer;
    for (const client of clients) client.close();
  }
}

function candidateLine({ word, about }: Candidate): string {
  return about === "" ? `${word}\n` : `${word}\t${about.replaceAll(/\s+/g, " ")}\n`;
}

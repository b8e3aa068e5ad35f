import { createInMemoryTransport, type Transport } from "@fleet/client";
import { type ApiHarness, createApiHarness } from "../../../api/src/testing/api-harness.js";
import { Autopilot } from "../../../api/src/testing/autopilot.js";
import type { ManualClock } from "../../../api/src/testing/manual-clock.js";
import { runCli } from "../cli.js";
import { Interrupted } from "../interrupted.js";
import { FakePrograms } from "./fake-programs.js";

/** What a run of fleetctl left behind. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of fleetctl that has not ended yet. */
export interface CliRun {
  readonly result: Promise<CliResult>;
  /** What it has printed so far. */
  printed(): { readonly stdout: string; readonly stderr: string };
  /** Presses Ctrl-C. */
  interrupt(): void;
}

/** fleetctl with a cluster of three machines that runs by itself, and with files. */
export interface CliHarness {
  readonly api: ApiHarness;
  readonly autopilot: Autopilot;
  /** Files of this machine, by path. */
  readonly files: Map<string, string | Uint8Array>;
  readonly environment: Record<string, string>;
  /** Programs of this machine, none of which is really run. */
  readonly programs: FakePrograms;
  /** What the status line has shown, `""` for nothing; absent if stderr is no terminal. Tests set it to have one. */
  statusLines: string[] | undefined;
  /** Begins to run a command line: its words, or a text with blanks between them. */
  begin(line: string | readonly string[]): CliRun;
  /** Runs a command line to its end; pauses of up to two seconds pass at once. */
  run(line: string | readonly string[]): Promise<CliResult>;
}

/** The machines of the examples in the original's documents. */
export const machineIds = [
  "113f16a7a2a54b6a8c8dbba2b45e1f01",
  "85c0c595fc6d4e7a8f6a3c3a3c1b2d02",
  "85c0e793afb94c6d9a09b4c0bc7a1f03",
] as const;

/** Builds a harness. @param wrap - Puts something between fleetctl and the server. */
export function createCliHarness(wrap: (transport: Transport) => Transport = (plain) => plain): CliHarness {
  const api = createApiHarness();
  api.cluster.addMachine(machineIds[0], "127.0.0.1", { az: "us-west-1b", role: "web" });
  api.cluster.addMachine(machineIds[1], "127.0.0.2", { az: "us-west-1a" });
  api.cluster.addMachine(machineIds[2], "127.0.0.3");
  const files = new Map<string, string | Uint8Array>();
  const environment: Record<string, string> = {};
  const programs = new FakePrograms();
  const harness: { statusLines: string[] | undefined } = { statusLines: undefined };
  const begin = (line: string | readonly string[]): CliRun => {
    const printed = { stdout: "", stderr: "" };
    const output = (stream: "stdout" | "stderr") => ({
      write: (text: string) => {
        printed[stream] += text;
      },
    });
    const { statusLines } = harness;
    const status =
      statusLines === undefined
        ? {}
        : { status: (text: string | undefined) => void statusLines.push(text ?? "") };
    const interruption = new AbortController();
    const world = {
      stdout: output("stdout"),
      stderr: { ...output("stderr"), ...status },
      clock: api.clock,
      signal: interruption.signal,
      environment,
      readFile: async (path: string) => {
        const content = files.get(path);
        if (content === undefined) throw Object.assign(new Error(`no file ${path}`), { code: "ENOENT" });
        if (content === "<directory>") throw Object.assign(new Error(path), { code: "EISDIR" });
        return Buffer.from(content);
      },
      programs: programs.on(output("stdout")),
      transport: wrap(createInMemoryTransport(api.server.listener)),
    };
    const words = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
    return {
      result: runCli(words, world).then((code) => ({ code, ...printed })),
      printed: () => ({ ...printed }),
      interrupt: () => interruption.abort(new Interrupted("SIGINT")),
    };
  };
  return Object.assign(harness, {
    api,
    autopilot: new Autopilot(api.cluster),
    files,
    environment,
    programs,
    begin,
    run: (line: string | readonly string[]) => passPauses(api.clock, begin(line).result),
  });
}

/** The original's attempt, which is the longest pause that a command makes on its way. */
const pauseMsMax = 2_000;
/** So many rounds without an end mean that a command is waiting for time to pass: all else happens within fewer. */
const roundsPerPause = 100;

async function passPauses<T>(clock: ManualClock, result: Promise<T>): Promise<T> {
  let isDone = false;
  const watched = result.finally(() => {
    isDone = true;
  });
  for (let round = 1; !isDone; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (round % roundsPerPause === 0) clock.advanceToNext(pauseMsMax);
  }
  return watched;
}

/** Behaves like a server without the v2 API. */
export function withoutV2(transport: Transport): Transport {
  return {
    ...transport,
    request: async (request, signal) =>
      request.path.startsWith("/fleet/v2/")
        ? { status: 404, headers: {}, body: '{"error":{"code":404,"message":""}}' }
        : transport.request(request, signal),
  };
}

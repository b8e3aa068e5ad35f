import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { constants, createGzip, gzip } from "node:zlib";
import { FleetError } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";
import type { Answer } from "./answer.js";
import { withTimeLimit } from "./time-limit.js";

/** Below this a compressed answer is hardly smaller than a plain one. */
const gzipBytesMin = 1024;
/** Most of the gain for little of the work. */
const gzipOptions = { level: constants.Z_BEST_SPEED + 2 };
const gzipText = promisify<string, { readonly level: number }, Buffer>(gzip);
/** How long a client may take to accept an answer. What it has not taken by then keeps memory busy in vain. */
const takeMsMax = 60_000;

/** What answers are written with. */
export interface AnswerWriter {
  readonly clock: Clock;
  readonly version: string;
}

/**
 * Writes an answer. All but that of an unavailable daemon name the server. Resolves when the client has taken it or has
 * left; one that takes too long is cut off.
 */
export async function writeAnswer(
  { clock, version }: AnswerWriter,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: Answer,
): Promise<void> {
  if (outgoing.destroyed) return;
  const { body, status } = answer;
  if (status !== 503) outgoing.setHeader("Server", `fleetd/${version}`);
  if (body !== undefined) outgoing.setHeader("Content-Type", answer.contentType ?? "application/json");
  for (const [name, value] of Object.entries(answer.headers ?? {})) outgoing.setHeader(name, value);
  outgoing.statusCode = status;
  if (!incoming.complete) outgoing.setHeader("Connection", "close");
  const isLarge = body !== undefined && (typeof body !== "string" || body.length >= gzipBytesMin);
  if (isLarge) outgoing.setHeader("Vary", "Accept-Encoding");
  const isGzipped = isLarge && acceptsGzip(incoming.headers["accept-encoding"]);
  if (isGzipped) outgoing.setHeader("Content-Encoding", "gzip");
  await beforeCutOff(clock, outgoing, async (signal) => {
    if (typeof body === "object") await writeParts(incoming, outgoing, body, isGzipped, signal);
    else if (isGzipped) await writeWhole(outgoing, await gzipText(body ?? "", gzipOptions), signal);
    else await writeWhole(outgoing, hasNoBody(status) ? undefined : (body ?? ""), signal);
  });
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

async function writeWhole(
  outgoing: ServerResponse,
  body: string | Buffer | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (outgoing.destroyed) return;
  if (body !== undefined) outgoing.setHeader("Content-Length", Buffer.byteLength(body));
  outgoing.end(body);
  // Most answers are in the hands of the system by now.
  if (!outgoing.writableFinished && outgoing.writableLength > 0) await finished(outgoing, { signal });
}

async function writeParts(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  parts: AsyncIterable<string>,
  isGzipped: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (incoming.method === "HEAD") {
    outgoing.end();
    return;
  }
  const text = Readable.from(parts, { objectMode: false });
  if (isGzipped) await pipeline(text, createGzip(gzipOptions), outgoing, { signal });
  else await pipeline(text, outgoing, { signal });
}

/** Cuts the connection when the time is up. A client that leaves in the middle is nobody's failure. */
async function beforeCutOff(
  clock: Clock,
  outgoing: ServerResponse,
  write: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const cutOff = (): Error => new FleetError("deadline-exceeded", "the client does not take its answer");
  try {
    await withTimeLimit(clock, takeMsMax, neverAborted, cutOff, write);
  } catch (error) {
    const isOwnFailure = !outgoing.destroyed && !(error instanceof Error && error.name === "AbortError");
    outgoing.destroy();
    if (isOwnFailure) throw error;
  }
}

const neverAborted = new AbortController().signal;

/** Reads `Accept-Encoding`: gzip by name or by `*`, and not with a weight of 0. */
export function acceptsGzip(header: string | readonly string[] | undefined): boolean {
  const items = String(header ?? "").split(",");
  for (const name of ["gzip", "*"]) {
    for (const item of items) {
      const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
      if (coding === name) return !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    }
  }
  return false;
}

import type { IncomingMessage } from "node:http";
import type { Revision } from "@fleet/core";
import { HttpError } from "./answer.js";

/** The largest body: the largest unit file that etcd takes, as JSON. */
export const bodyBytesMax = 1024 * 1024;

/** A request as handlers see it. */
export interface ApiRequest {
  readonly method: string;
  /** What stands in the place of `:name` in the route. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** The revision that a read must not be older than; 0 if the client demands none. */
  readonly revisionMin: Revision;
  /** The tags of answers that the client has; may be empty. */
  readonly ifNoneMatch: string;
  /** Whose client this is; may be empty. */
  readonly userAgent: string;
  /** All `Content-Type` headers. */
  readonly contentTypes: readonly string[];
  /**
   * Aborted when the client has closed its side. It may have left, or may be one that says all it has to say at once: it is
   * answered, but nothing is held back for it any more.
   */
  readonly noMore: AbortSignal;
  /** Reads the whole body. @param bytesMax - Default {@link bodyBytesMax}. @throws {HttpError} 413 if it is larger. */
  readBody(signal: AbortSignal, bytesMax?: number): Promise<string>;
}

/** Wraps a request whose path has been matched. @throws {HttpError} 400 for a header that cannot be obeyed. */
export function createApiRequest(
  incoming: IncomingMessage,
  name: string,
  query: string,
  noMore: AbortSignal,
): ApiRequest {
  return {
    noMore,
    method: incoming.method ?? "GET",
    name,
    query: new URLSearchParams(query),
    revisionMin: revisionMin(incoming.headers["fleet-min-revision"]),
    ifNoneMatch: incoming.headers["if-none-match"] ?? "",
    userAgent: incoming.headers["user-agent"] ?? "",
    contentTypes: incoming.headersDistinct["content-type"] ?? [],
    readBody: (signal, bytesMax = bodyBytesMax) => readBody(incoming, bytesMax, signal),
  };
}

/** @throws {HttpError} 400: an answer that only seems to be new enough would be worse than none. */
function revisionMin(header: string | readonly string[] | undefined): Revision {
  if (header === undefined) return 0;
  const revision = typeof header === "string" && /^\d+$/.test(header) ? Number(header) : undefined;
  if (revision !== undefined && Number.isSafeInteger(revision)) return revision;
  throw new HttpError(400, `Fleet-Min-Revision must be a revision, not ${JSON.stringify(header)}`, {
    hint: "send the number that an answer had in its Fleet-Revision",
  });
}

function tooLarge(bytesMax: number): HttpError {
  return new HttpError(413, `request body too large: at most ${bytesMax} bytes`, {
    // What is still to come would be taken for the next request.
    headers: { Connection: "close" },
  });
}

async function readBody(incoming: IncomingMessage, bytesMax: number, signal: AbortSignal): Promise<string> {
  if (Number(incoming.headers["content-length"] ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const chunks: Buffer[] = [];
  let length = 0;
  const onAbort = (): void => {
    incoming.destroy();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bytesMax) throw tooLarge(bytesMax);
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  return Buffer.concat(chunks).toString("utf8");
}

import { connect, type NetConnectOpts } from "node:net";

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated header the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Sends bytes that a well-behaved client would not, and reads until the server closes.
 * @param lines - The request line and the headers; `Host` and `Connection: close` are added.
 */
export async function askRaw(where: NetConnectOpts, lines: readonly string[], body = ""): Promise<RawAnswer> {
  const answer = await askBytes(where, lines, body);
  return { ...answer, body: answer.body.toString("utf8") };
}

/** The same, with the body as bytes, put together if it came in chunks. */
export async function askBytes(
  where: NetConnectOpts,
  lines: readonly string[],
  body = "",
): Promise<Omit<RawAnswer, "body"> & { readonly body: Buffer }> {
  const [requestLine = "", ...headers] = lines;
  const head = [requestLine, "Host: fleet", "Connection: close", ...headers];
  const bytes = await exchangeBytes(where, `${head.join("\r\n")}\r\n\r\n${body}`);
  const end = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...answerHeaders] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const isChunked = answerHeaders.some((line) => /^transfer-encoding: chunked$/i.test(line));
  const rest = bytes.subarray(end + 4);
  return {
    status: Number(statusLine.split(" ")[1]),
    headers: Object.fromEntries(
      answerHeaders.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    ),
    body: isChunked ? joinChunks(rest) : rest,
  };
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const length = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    if (!(length > 0)) break;
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  return Buffer.concat(chunks);
}

/** Sends a text and returns everything that comes back. */
export async function exchange(where: NetConnectOpts, text: string): Promise<string> {
  return (await exchangeBytes(where, text)).toString("utf8");
}

function exchangeBytes(where: NetConnectOpts, text: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(where);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks)));
    socket.write(text);
  });
}

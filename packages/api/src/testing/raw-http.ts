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
  const [requestLine = "", ...headers] = lines;
  const head = [requestLine, "Host: fleet", "Connection: close", ...headers];
  const text = await exchange(where, `${head.join("\r\n")}\r\n\r\n${body}`);
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...answerHeaders] = text.slice(0, end).split("\r\n");
  return {
    status: Number(statusLine.split(" ")[1]),
    headers: Object.fromEntries(
      answerHeaders.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    ),
    body: text.slice(end + 4),
  };
}

/** Sends a text and returns everything that comes back. */
export function exchange(where: NetConnectOpts, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(where);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
    socket.write(text);
  });
}

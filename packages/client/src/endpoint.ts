import { FleetError } from "@fleet/core";

/** Where a server listens. */
export interface Endpoint {
  /** As it was written. */
  readonly text: string;
  readonly scheme: "unix" | "http" | "https";
  /** Of a unix socket. */
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
  /** What stands before `/fleet/` in every path, without a slash at its end; usually empty. */
  readonly prefix: string;
}

/**
 * Reads one endpoint: `unix:///path`, `file:///path`, `http://host:port` or `https://host:port`.
 * @throws {FleetError} `invalid-argument`; the texts are the original's where it had one.
 */
export function parseEndpoint(text: string): Endpoint {
  const [, scheme, rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined) {
    throw new FleetError("invalid-argument", "URL scheme undefined", {
      hint: `${JSON.stringify(text)} is no endpoint: write unix:///path, http://host:port or https://host:port`,
    });
  }
  const kind = scheme.toLowerCase();
  if (kind === "unix" || kind === "file") return unixEndpoint(text, kind, rest);
  if (kind !== "http" && kind !== "https") {
    throw new FleetError("invalid-argument", `unsupported protocol scheme ${JSON.stringify(scheme)}`, {
      hint: "endpoints begin with unix://, file://, http:// or https://",
    });
  }
  const url = parseUrl(text);
  const port = url.port === "" ? (kind === "https" ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { text, scheme: kind, host, port, prefix: url.pathname.replace(/\/+$/, "") };
}

/**
 * Reads a comma-separated list of endpoints; the first one is tried first.
 * @throws {FleetError} `invalid-argument` for the first bad one.
 */
export function parseEndpoints(text: string): readonly Endpoint[] {
  return text.split(",").map((part) => parseEndpoint(part.trim()));
}

/** An endpoint, or several, as it may be shown to anybody: without the name and password that a URL can have. */
export function endpointForPeople(text: string): string {
  return text.replaceAll(/\/\/[^/@,]*@/g, "//***@");
}

function unixEndpoint(text: string, scheme: string, rest: string): Endpoint {
  const [, host = "", path = ""] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [undefined, "", rest];
  if (host !== "") {
    throw new FleetError(
      "invalid-argument",
      `unable to connect to host ${JSON.stringify(host)} with scheme ${JSON.stringify(scheme)}`,
      { hint: `the path of a socket is absolute: ${scheme}:///${host}${path}` },
    );
  }
  if (path === "") {
    throw new FleetError("invalid-argument", `${JSON.stringify(text)} names no socket`, {
      hint: "write unix:///path",
    });
  }
  return { text, scheme: "unix", socketPath: path, prefix: "" };
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new FleetError("invalid-argument", `cannot read endpoint ${JSON.stringify(text)}`, {
      hint: "write http://host:port, an IPv6 address in brackets",
      cause,
    });
  }
}

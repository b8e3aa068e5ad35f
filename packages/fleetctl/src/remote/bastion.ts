import { UsageError } from "../usage-error.js";

/** The host that a tunnel goes through. */
export interface Bastion {
  /** As it was written. */
  readonly text: string;
  /** Absent: as for every host. */
  readonly user?: string;
  readonly host: string;
  /** Absent: what ssh's configuration says, else 22. */
  readonly port?: number;
}

/**
 * Reads the value of `--tunnel`: `host` or `host:port`, an IPv6 address in brackets if a port follows; `user@` may stand in
 * front.
 * @throws {UsageError}
 */
export function parseBastion(text: string): Bastion {
  const [, user, rest = ""] = /^(?:([^@\s-][^@\s]*)@)?(.*)$/s.exec(text) ?? [];
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  // Two colons and no brackets are an IPv6 address as a whole.
  const host = bracketed ?? plain ?? (/^[^[\]]*:[^[\]]*:[^[\]]*$/.test(rest) ? rest : "");
  const port = portText === undefined ? undefined : Number(portText);
  if (!isHost(host) || port === 0 || (port ?? 1) > 65_535) {
    throw new UsageError(
      `Error: invalid argument ${JSON.stringify(text)} for --tunnel=${text}: expected host or host:port`,
    );
  }
  return { text, host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) };
}

/** Says whether ssh can take a text for the name or address of a host, and for nothing else. */
export function isHost(text: string): boolean {
  return /^[A-Za-z0-9_:][A-Za-z0-9._:%-]{0,254}$/.test(text);
}

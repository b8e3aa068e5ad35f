import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { FleetError } from "@fleet/core";
import type { Clock } from "@fleet/core/ports";

/** How to reach etcd. Everything given is used and verified, or refused: nothing is accepted and ignored. */
export interface EtcdStoreOptions {
  /** `http://host:port` or `https://host:port`, all of one kind. One is used at a time; the next one after a failure. */
  readonly endpoints: readonly string[];
  readonly clock: Clock;
  /**
   * How long one call may take, in ms. Default 5,000. Shorter ones fail while etcd elects a leader (about 1 s);
   * with longer ones a stalled connection is noticed late.
   */
  readonly requestTimeoutMs?: number;
  /** Verifies etcd's certificate and proves who we are. Only with `https:` endpoints, which verify without it too. */
  readonly tls?: EtcdTlsOptions;
  /** For an etcd with authentication enabled; an etcd without it refuses them. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** PEM texts. There is no reload: open a new store when a certificate has changed. */
export interface EtcdTlsOptions {
  /** The authorities that etcd's certificate must come from. Default: those that Node trusts. */
  readonly ca?: string;
  /** Our own certificate, for an etcd that asks for one. Goes with `key`. */
  readonly cert?: string;
  readonly key?: string;
}

/** Options that have been checked. */
export interface CheckedEtcdOptions {
  /** `scheme://host:port`, without a path. */
  readonly endpoints: readonly string[];
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  readonly tls: EtcdTlsOptions | undefined;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/** Checks the options against each other. @throws {FleetError} `invalid-argument` naming all problems. */
export function checkEtcdOptions(options: EtcdStoreOptions): CheckedEtcdOptions {
  const problems: string[] = [];
  const endpoints = options.endpoints.map((endpoint) => checkEndpoint(endpoint, problems));
  if (endpoints.length === 0) problems.push("no endpoint is given");
  const secure = endpoints.filter((endpoint) => endpoint.startsWith("https:")).length;
  if (secure > 0 && secure < endpoints.length) problems.push("endpoints mix http and https");
  const { tls, credentials, requestTimeoutMs = 5_000 } = options;
  if (tls !== undefined) problems.push(...tlsProblems(tls, secure > 0));
  if (credentials !== undefined && (credentials.username === "" || credentials.password === "")) {
    problems.push("a user needs both a name and a password");
  }
  if (!(requestTimeoutMs >= 1)) problems.push(`a request timeout of ${requestTimeoutMs} ms is too short`);
  if (problems.length > 0) {
    throw new FleetError("invalid-argument", `cannot use these etcd options: ${problems.join("; ")}`);
  }
  return { endpoints, clock: options.clock, requestTimeoutMs, tls, credentials };
}

function checkEndpoint(endpoint: string, problems: string[]): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  const isPlain =
    url !== null &&
    ["http:", "https:"].includes(url.protocol) &&
    url.pathname === "/" &&
    `${url.search}${url.hash}${url.username}${url.password}` === "";
  if (!isPlain) {
    const shown = endpoint.replace(/\/\/.*@/, "//***@");
    problems.push(`"${shown}" is not http://host:port or https://host:port`);
    return endpoint;
  }
  // Without a port a URL means 80 or 443, which no etcd listens on by default.
  return `${url.protocol}//${url.hostname}:${url.port === "" ? "2379" : url.port}`;
}

function tlsProblems(tls: EtcdTlsOptions, isSecure: boolean): readonly string[] {
  const problems: string[] = [];
  if (!isSecure) problems.push("certificates are given, but the endpoints are not https");
  if (tls.cert !== undefined && tls.key === undefined) problems.push("a certificate needs its key");
  if (tls.key !== undefined && tls.cert === undefined) problems.push("a key needs its certificate");
  if (tls.ca !== undefined && !canReadCertificates(tls.ca)) problems.push('"ca" is not PEM certificates');
  if (tls.cert !== undefined && !canReadCertificates(tls.cert))
    problems.push('"cert" is not PEM certificates');
  if (tls.key !== undefined && readKey(tls.key) === undefined) problems.push('"key" is not a PEM key');
  if (problems.length === 0 && tls.cert !== undefined && tls.key !== undefined) {
    const key = readKey(tls.key);
    const isPair = key !== undefined && new X509Certificate(tls.cert).checkPrivateKey(key);
    if (!isPair) problems.push("the key is not that of the certificate");
  }
  return problems;
}

/** TLS libraries pass over an authority that they cannot read, and then trust nobody for reasons they do not tell. */
function canReadCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    return blocks.length > 0;
  } catch {
    return false;
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

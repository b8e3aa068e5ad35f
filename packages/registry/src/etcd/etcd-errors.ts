import { type ErrorCode, FleetError } from "@fleet/core";
import {
  ClientClosedError,
  ClientRuntimeError,
  EtcdAuthenticationFailedError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
  GRPCNotFoundError,
  GRPCNotImplementedError,
  GRPCOutOfRangeError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
} from "etcd3";

/**
 * Errors whose class says enough. etcd3 drops the gRPC status of an error, so that its class, and for the rest the
 * text, are all there is to tell by.
 */
const codeByClass: readonly (readonly [new (message: string) => Error, ErrorCode])[] = [
  [EtcdLeaseInvalidError, "not-found"],
  [GRPCNotFoundError, "not-found"],
  [EtcdAuthenticationFailedError, "permission-denied"],
  [EtcdPermissionDeniedError, "permission-denied"],
  [GRPCUnauthenticatedError, "permission-denied"],
  // "Compacted" and "a future revision" alike: the history asked for is not there.
  [GRPCOutOfRangeError, "compacted"],
  [GRPCInvalidArgumentError, "invalid-argument"],
  [GRPCNotImplementedError, "internal"],
];

/** Says how a person can help, for failures that no program will overcome. */
function hintFor(error: unknown, text: string, what: string): string | undefined {
  if (/database space exceeded/.test(text)) {
    return "etcd's database is full: compact and defragment it, then clear the alarm with etcdctl alarm disarm";
  }
  if (/authentication is not enabled/.test(text)) {
    return "a user is configured, but this etcd has authentication disabled";
  }
  if (/user name is empty|invalid auth token/.test(text)) return "this etcd asks for a user and password";
  // An etcd without TLS may cut the connection before it has said what it made of the greeting.
  const isCutOff = what.includes(" https://") && /ECONNRESET|socket hang up/.test(text);
  if (isCutOff || /certificate|self.signed|SSL|TLS|EPROTO|wrong version number/i.test(text)) {
    return "check the scheme of the endpoints and the configured CA, certificate and key";
  }
  return error instanceof GRPCResourceExhastedError ? "etcd is overloaded or out of space" : undefined;
}

/**
 * Translates whatever etcd3 throws. What is not known to have been refused counts as `unavailable`: it may have
 * happened.
 * @param what - The operation and its place, for the message: `commit to etcd at http://127.0.0.1:2379`.
 */
export function translateEtcdError(error: unknown, what: string): FleetError {
  if (error instanceof FleetError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const hint = hintFor(error, text, what);
  return new FleetError(codeOf(error, text), `cannot ${what}: ${plainReason(text)}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

function codeOf(error: unknown, text: string): ErrorCode {
  if (/user name is empty|authentication is not enabled/.test(text)) return "permission-denied";
  // A request over the limit of etcd's transport is refused by it as if it had run out of something.
  if (/message larger than max/.test(text)) return "invalid-argument";
  if (error instanceof GRPCFailedPreconditionError) return "invalid-argument";
  if (error instanceof ClientClosedError) return "unavailable";
  if (error instanceof ClientRuntimeError) return "internal";
  return codeByClass.find(([kind]) => error instanceof kind)?.[1] ?? "unavailable";
}

/** Drops what the layers below add: class names, status number and name, "etcdserver:", labels with nothing behind. */
function plainReason(text: string): string {
  return text
    .replace(/^\w*Error: |\b\d+ [A-Z_]+: |\betcdserver: /g, "")
    .replace(/(?<=Last error: )\w*Error: /, "")
    .replace(/\. Last error: null\b/, "")
    .replace(/\.?\s*Resolution note:\s*$/, "");
}

import { FleetError } from "@fleet/core";
import {
  ClientClosedError,
  EtcdAuthenticationFailedError,
  EtcdError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCCancelledError,
  GRPCDeadlineExceededError,
  GRPCFailedPreconditionError,
  GRPCGenericError,
  GRPCInvalidArgumentError,
  GRPCOutOfRangeError,
  GRPCResourceExhastedError,
  GRPCUnavailableError,
} from "etcd3";
import { describe, expect, test } from "vitest";
import { translateEtcdError } from "./etcd-errors.js";

/** Texts as etcd 3.4 and grpc-js send them. */
const cases: readonly (readonly [Error, string, RegExp?])[] = [
  [new GRPCUnavailableError("14 UNAVAILABLE: No connection established"), "unavailable"],
  [new GRPCUnavailableError("14 UNAVAILABLE: self-signed certificate"), "unavailable", /CA, certificate/],
  [new GRPCDeadlineExceededError("4 DEADLINE_EXCEEDED: Deadline exceeded"), "unavailable"],
  [new GRPCCancelledError("1 CANCELLED: Cancelled on client"), "unavailable"],
  [new GRPCGenericError("13 INTERNAL: stream broke"), "unavailable"],
  [new EtcdError("etcdserver: request timed out"), "unavailable"],
  [new EtcdInvalidAuthTokenError("16 UNAUTHENTICATED: etcdserver: invalid auth token"), "unavailable"],
  [new ClientClosedError("KV"), "unavailable"],
  [new TypeError("something else"), "unavailable"],
  [
    new GRPCResourceExhastedError("8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded"),
    "unavailable",
    /defragment/,
  ],
  [
    new GRPCResourceExhastedError("8 RESOURCE_EXHAUSTED: grpc: received message larger than max (9 vs. 2)"),
    "invalid-argument",
  ],
  [
    new GRPCOutOfRangeError("11 OUT_OF_RANGE: etcdserver: mvcc: required revision has been compacted"),
    "compacted",
  ],
  [
    new GRPCOutOfRangeError("11 OUT_OF_RANGE: etcdserver: mvcc: required revision is a future revision"),
    "compacted",
  ],
  [
    new GRPCInvalidArgumentError("3 INVALID_ARGUMENT: etcdserver: too many operations in txn request"),
    "invalid-argument",
  ],
  [
    new GRPCInvalidArgumentError("3 INVALID_ARGUMENT: etcdserver: user name is empty"),
    "permission-denied",
    /asks for a user/,
  ],
  [
    new GRPCFailedPreconditionError("9 FAILED_PRECONDITION: etcdserver: authentication is not enabled"),
    "permission-denied",
    /disabled/,
  ],
  [
    new EtcdAuthenticationFailedError("3 INVALID_ARGUMENT: etcdserver: authentication failed"),
    "permission-denied",
  ],
  [new EtcdPermissionDeniedError("7 PERMISSION_DENIED: etcdserver: permission denied"), "permission-denied"],
  [new EtcdLeaseInvalidError("5 NOT_FOUND: etcdserver: requested lease not found"), "not-found"],
];

describe("what etcd3 throws", () => {
  test.each(cases.map(([error, code, hint]) => ({ error, code, hint })))(
    "$error",
    ({ error, code, hint }) => {
      const translated = translateEtcdError(error, "commit to etcd at http://127.0.0.1:2379");
      expect(translated.code).toBe(code);
      expect(translated.message).toMatch(/^cannot commit to etcd at http:\/\/127\.0\.0\.1:2379: /);
      expect(translated.message).not.toMatch(/etcdserver:|[A-Z]{4,}_/);
      expect(translated.cause).toBe(error);
      if (hint !== undefined) expect(translated.hint).toMatch(hint);
    },
  );

  test.each([
    [
      "14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ",
      "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1",
    ],
    [
      "14 UNAVAILABLE: No connection established. Last error: null. Resolution note: ",
      "No connection established",
    ],
    [
      "14 UNAVAILABLE: No addresses resolved. Resolution note: getaddrinfo ENOTFOUND etcd",
      "No addresses resolved. Resolution note: getaddrinfo ENOTFOUND etcd",
    ],
  ])("%j says no more than it knows", (text, reason) => {
    const { message } = translateEtcdError(new GRPCUnavailableError(text), "read from etcd");
    expect(message).toBe(`cannot read from etcd: ${reason}`);
  });

  test("takes a cut connection under TLS for a question of the scheme, and no other", () => {
    const error = new GRPCUnavailableError("No connection established. Last error: read ECONNRESET");
    expect(translateEtcdError(error, "read from etcd at https://127.0.0.1:1").hint).toMatch(/scheme/);
    expect(translateEtcdError(error, "read from etcd at http://127.0.0.1:1").hint).toBeUndefined();
  });

  test("what is translated already is left alone", () => {
    const error = new FleetError("compacted", "x");
    expect(translateEtcdError(error, "y")).toBe(error);
  });
});

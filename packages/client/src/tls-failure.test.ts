import { describe, expect, it } from "vitest";
import { distrustOf, isPlainAnswer, tlsReasonOf } from "./tls-failure.js";

const failure = (code: string, more: object = {}) =>
  Object.assign(new Error("Node's words"), { code, ...more });
const names = (host: string, subjectaltname?: string) =>
  failure("ERR_TLS_CERT_ALTNAME_INVALID", { host, cert: { subjectaltname } });

describe("a failure of TLS", () => {
  it.each([
    [failure("SELF_SIGNED_CERT_IN_CHAIN"), "certificate signed by unknown authority"],
    [failure("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "certificate signed by unknown authority"],
    [failure("CERT_HAS_EXPIRED"), "certificate has expired or is not yet valid"],
    [failure("CERT_REVOKED"), "Node's words"],
    [
      names("10.0.0.1", "DNS:a"),
      "cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
    ],
    [names("10.0.0.1", "DNS:a, IP Address:10.0.0.2"), "certificate is valid for 10.0.0.2, not 10.0.0.1"],
    [names("c", "DNS:a, DNS:b"), "certificate is valid for a, b, not c"],
    [names("c"), "certificate is not valid for any names, but wanted to match c"],
  ])("of a certificate is told in the original's words: %o", (error, text) => {
    expect(distrustOf(error)?.text).toBe(`x509: ${text}`);
  });

  it("is told without OpenSSL's numbers", () => {
    const alert = failure("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", {
      reason: "tlsv13 alert certificate required",
    });
    expect([distrustOf(alert), isPlainAnswer(alert)]).toEqual([undefined, false]);
    expect(tlsReasonOf(alert)).toBe("tls: tlsv13 alert certificate required");
    expect(tlsReasonOf(failure("ECONNRESET"))).toBeUndefined();
  });
});

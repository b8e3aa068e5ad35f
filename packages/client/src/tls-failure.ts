/** What TLS adds to an error of Node's. */
interface TlsError extends NodeJS.ErrnoException {
  /** Of a handshake: OpenSSL's words. */
  readonly reason?: string;
  /** Of a certificate for somebody else: who was wanted. */
  readonly host?: string;
  readonly cert?: { readonly subjectaltname?: string };
}

/** Node's codes for certificates that do not convince. */
const distrusted = /^(ERR_TLS_CERT|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_MISMATCH)/;
/** Those of them that mean that nobody we believe has signed it. */
const unknownAuthority = /^(UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|SELF_SIGNED|DEPTH_ZERO)/;
const wrongTime = /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/;

/** Says why a server's certificate does not convince, in the original's words; `undefined` for any other failure. */
export function distrustOf(error: TlsError): { readonly text: string; readonly hint: string } | undefined {
  const { code = "", host, message } = error;
  if (!distrusted.test(code)) return undefined;
  const hint = "the server's certificate is not trusted";
  if (unknownAuthority.test(code)) return { text: "x509: certificate signed by unknown authority", hint };
  if (wrongTime.test(code)) return { text: "x509: certificate has expired or is not yet valid", hint };
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" && host !== undefined) {
    return { text: `x509: ${namesProblem(host, error.cert?.subjectaltname ?? "")}`, hint };
  }
  return { text: `x509: ${message}`, hint };
}

/** @param names - As `DNS:a.example, IP Address:127.0.0.1`. */
function namesProblem(host: string, names: string): string {
  const isAddress = /^[\d.]+$|:/.test(host);
  const kind = isAddress ? "IP Address:" : "DNS:";
  const good = names
    .split(", ")
    .filter((name) => name.startsWith(kind))
    .map((name) => name.slice(kind.length));
  if (good.length > 0) return `certificate is valid for ${good.join(", ")}, not ${host}`;
  return isAddress
    ? `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
    : `certificate is not valid for any names, but wanted to match ${host}`;
}

/** Says whether the server has answered the handshake with something that is no TLS. No request has been sent then. */
export function isPlainAnswer({ message, reason }: TlsError): boolean {
  return /wrong version number|packet length too long/.test(reason ?? message);
}

/** OpenSSL's words without its numbers and the names of its functions, or `undefined` if it said nothing. */
export function tlsReasonOf({ code = "", reason }: TlsError): string | undefined {
  return reason !== undefined && /^(EPROTO|ERR_SSL_)/.test(code) ? `tls: ${reason}` : undefined;
}

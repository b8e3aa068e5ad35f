import type { TlsOptions } from "@fleet/client";
import { FleetError } from "@fleet/core";
import type { CommandArgs } from "./command.js";
import { fileErrorText } from "./output/file-error-text.js";

/**
 * Reads the files that the TLS options name.
 * @throws {FleetError} if one cannot be read, or certificate and key are not there both, or do not belong together.
 */
export async function readTlsFiles(
  args: CommandArgs,
  { readFile }: { readonly readFile: (path: string) => Promise<Uint8Array> },
): Promise<TlsOptions> {
  const read = async (option: string): Promise<string | undefined> => {
    const path = args.text(option);
    if (path === "") return undefined;
    try {
      return new TextDecoder().decode(await readFile(path));
    } catch (cause) {
      throw new FleetError("invalid-argument", fileErrorText(path, cause), { cause });
    }
  };
  const [ca, cert, key] = await Promise.all([read("ca-file"), read("cert-file"), read("key-file")]);
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "certificate" : "key";
    throw new FleetError("invalid-argument", `tls: failed to find any PEM data in ${missing} input`, {
      hint: "--cert-file and --key-file belong together",
    });
  }
  if (cert !== undefined && key !== undefined) await requirePair(cert, key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Says so before anything is asked, in the words of the original, what OpenSSL would say in its own with the first request. */
async function requirePair(cert: string, key: string): Promise<void> {
  for (const [what, text, option] of [
    ["certificate", cert, "cert-file"],
    ["key", key, "key-file"],
  ] as const) {
    if (/-----BEGIN [A-Z0-9 ]+-----/.test(text)) continue;
    throw new FleetError("invalid-argument", `tls: failed to find any PEM data in ${what} input`, {
      hint: `--${option} has to be a file in PEM format, with a line -----BEGIN …-----`,
    });
  }
  const { createSecureContext } = await import("node:tls");
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isMismatch = code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
    throw new FleetError(
      "invalid-argument",
      `tls: ${isMismatch ? "private key does not match public key" : message}`,
      {
        hint: "--cert-file and --key-file belong together",
        cause,
      },
    );
  }
}

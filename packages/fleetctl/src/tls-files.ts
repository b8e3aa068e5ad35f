import type { TlsOptions } from "@fleet/client";
import { FleetError } from "@fleet/core";
import type { CommandArgs } from "./command.js";
import { fileErrorText } from "./output/file-error-text.js";

/**
 * Reads the files that the TLS options name.
 * @throws {FleetError} if one cannot be read, or of certificate and key only one is named.
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
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

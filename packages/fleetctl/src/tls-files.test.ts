import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { CommandArgs } from "./command.js";
import { readTlsFiles } from "./tls-files.js";

const directory = fileURLToPath(new URL("../../../test/support/tls/", import.meta.url));

function read(files: Readonly<Record<string, string>>) {
  const args: CommandArgs = {
    positionals: [],
    isGiven: () => false,
    flag: () => false,
    number: () => 0,
    text: (name) => files[name] ?? "",
  };
  return readTlsFiles(args, { readFile: (path) => readFile(`${directory}${path}`) });
}

describe("certificate and key", () => {
  it("are read when they belong together", async () => {
    const files = await read({ "cert-file": "client.pem", "key-file": "client.key", "ca-file": "ca.pem" });
    expect(Object.keys(files).sort()).toEqual(["ca", "cert", "key"]);
    expect(await read({})).toEqual({});
  });

  it.each([
    ["client.pem", "", "tls: failed to find any PEM data in key input"],
    ["", "client.key", "tls: failed to find any PEM data in certificate input"],
    ["README.md", "client.key", "tls: failed to find any PEM data in certificate input"],
    ["client.pem", "README.md", "tls: failed to find any PEM data in key input"],
    ["client.pem", "stranger.key", "tls: private key does not match public key"],
  ])("%j and %j are refused before anything is asked", async (certificate, key, message) => {
    await expect(read({ "cert-file": certificate, "key-file": key })).rejects.toThrow(message);
  });
});

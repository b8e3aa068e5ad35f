// Writes the manual pages of fleetctl: fleetctl.1 and one for each command, from what `--help` is made of.
// `node scripts/man.mjs [DIRECTORY]`, default packages/fleetctl/dist/man/man1; `man -l FILE` shows one. Needs the built program.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const program = join(root, "packages/fleetctl/dist/fleetctl.mjs");
const directory = process.argv[2] ?? join(root, "packages/fleetctl/dist/man/man1");

if (!existsSync(program)) {
  console.error("fleetctl is not built: run node scripts/build.mjs fleetctl");
  process.exit(1);
}

const fleetctl = (...args) => execFileSync(process.execPath, [program, ...args], { encoding: "utf8" });

/** What the program would offer after `fleetctl help ` are its commands. */
const commands = fleetctl("completion", "candidates", "--", "help", "")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => line.split("\t")[0]);

await mkdir(directory, { recursive: true });
await writeFile(join(directory, "fleetctl.1"), fleetctl("help", "--man"));
for (const command of commands) {
  await writeFile(join(directory, `fleetctl-${command}.1`), fleetctl("help", "--man", command));
}
console.log(`${commands.length + 1} pages in ${directory}`);

// `npm run demo`: sets up what is missing, builds, and runs packages/demo. `npm run demo -- --help` has the rest.
import { existsSync } from "node:fs";
import { checkout, setup } from "./setup.mjs";

const bundle = `${checkout}/packages/demo/dist/demo.mjs`;
const argv = process.argv.slice(2);
const starts = !argv.some((word) => ["status", "stop", "kill", "revive", "--help", "-h"].includes(word));

if (starts || !existsSync(bundle)) {
  await setup();
  const { build } = await import("./build.mjs");
  await build();
}

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => interrupt.abort(new Error(signal)));
const { runDemo } = await import(bundle);
process.exitCode = await runDemo({
  checkout,
  argv,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  signal: interrupt.signal,
});

// `npm run bench -- NAME [--json]`: sets up what is missing, builds, and runs a benchmark of packages/demo. The figures
// are the only thing on stdout.
import { checkout, setup } from "./setup.mjs";

if (!process.argv.includes("--help")) {
  const log = console.log;
  console.log = console.error;
  await setup();
  const { build } = await import("./build.mjs");
  await build();
  console.log = log;
}

const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => interrupt.abort(new Error(signal)));
const { runBench } = await import(`${checkout}/packages/demo/dist/demo.mjs`);
process.exitCode = await runBench({
  checkout,
  argv: process.argv.slice(2),
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  signal: interrupt.signal,
});

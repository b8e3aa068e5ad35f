// Plays seeds for scripts/sim.mjs, in a process of its own: `node sim-worker.mjs BUNDLE`. Takes `{ seeds, config }` by IPC and
// answers each seed with its outcome.
import { pathToFileURL } from "node:url";

// Worlds make thousands of errors in passing, which nobody reads: their stacks would cost more than the worlds.
Error.stackTraceLimit = 0;
const { generateScript, runScript } = await import(pathToFileURL(process.argv[2]).href);

process.on("message", async ({ seeds, config }) => {
  for (const seed of seeds) {
    const { violation, digest, faults, virtualMs, events } = await runScript(
      generateScript(String(seed), config),
    );
    process.send({ seed, violation, digest, faults, virtualMs, events });
  }
  process.send("done");
});
process.on("disconnect", () => process.exit(0));
process.send("ready");

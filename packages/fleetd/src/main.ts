import { helpText, parseArguments } from "./arguments.js";
import { check } from "./check.js";
import { createClock, createRandom } from "./clock.js";
import { loadConfig } from "./config.js";
import { runDaemon } from "./daemon.js";
import { exitCode } from "./exit-code.js";
import { exitCodeOf, fatalLine } from "./fatal.js";
import { createLogger } from "./log.js";
import { version } from "./version.js";

/** Aborted by the first SIGTERM or SIGINT; the default action of a second one ends the process at once. */
function untilSignalled(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => controller.abort(new Error(name)));
  }
  return controller.signal;
}

async function main(): Promise<void> {
  const parsed = parseArguments(process.argv.slice(2));
  if (parsed.action === "help") process.stdout.write(helpText());
  else if (parsed.action === "version") process.stdout.write(`fleetd version ${version}\n`);
  else {
    const options = loadConfig({ path: parsed.config, environment: process.env });
    const clock = createClock();
    if (parsed.action === "check") {
      const silent = { error() {}, warn() {}, info() {}, debug() {}, child: () => silent };
      process.stdout.write(`${(await check(options, process.env, clock, silent)).join("\n")}\n`);
      return;
    }
    const logger = createLogger(options.verbosity);
    process.on("SIGHUP", () => {
      logger.warn("SIGHUP is not used: restart fleetd to change its configuration; the units run on");
    });
    await runDaemon({
      options,
      environment: process.env,
      clock,
      random: createRandom(),
      logger,
      signal: untilSignalled(),
    });
  }
}

try {
  await main();
  process.exitCode = exitCode.ok;
} catch (error) {
  process.stderr.write(fatalLine(error));
  process.exitCode = exitCodeOf(error);
}
// A library's forgotten timer must not keep an ended daemon alive.
process.exit();

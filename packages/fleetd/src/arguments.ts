import { defaultConfigPath } from "./config.js";
import { exitCode, FatalError } from "./exit-code.js";
import { optionSpecs } from "./options.js";

/** What the command line asks for. */
export interface Arguments {
  readonly action: "run" | "check" | "version" | "help";
  readonly config: string | undefined;
}

/**
 * Reads the command line. Long flags may have one dash, as the original's had.
 * @throws {FatalError} `usage`.
 */
export function parseArguments(argv: readonly string[]): Arguments {
  let action: Arguments["action"] = "run";
  let config: string | undefined;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [flag, inline] = word.includes("=")
      ? [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]
      : [word, undefined];
    if (/^--?config$/.test(flag)) {
      config = inline ?? rest.shift();
      if (config === undefined || config === "")
        throw new FatalError(exitCode.usage, "--config needs a file");
    } else if (/^--?version$|^version$/.test(word)) action = "version";
    else if (/^--?check$/.test(word)) action = "check";
    else if (/^(--?help|-h)$/.test(word)) action = "help";
    else if (word.startsWith("-")) {
      throw new FatalError(exitCode.usage, `unknown flag ${word}; fleetd --help lists them`);
    } else {
      throw new FatalError(exitCode.usage, `fleetd takes no arguments; did you mean fleetctl ${word}?`);
    }
  }
  return { action, config };
}

/** The text of `fleetd --help`. */
export function helpText(): string {
  const options = Object.entries(optionSpecs).map(
    ([name, spec]) => `  ${name} (default ${JSON.stringify(spec.fallback)})\n      ${spec.help}`,
  );
  return `fleetd: joins this machine to a fleet cluster.

USAGE
  fleetd [--config FILE]           run until SIGTERM; units run on when fleetd ends
  fleetd --check [--config FILE]   test the configuration, etcd and systemd, and say what is missing
  fleetd --version

EXAMPLES
  fleetd --config /etc/fleet/fleet.conf
  FLEET_ETCD_SERVERS=http://192.0.2.1:2379 FLEET_METADATA=region=eu fleetd

CONFIGURATION
  FILE, else ${defaultConfigPath} if it is there. Each option may be set as FLEET_<OPTION> too, which wins.

${options.join("\n")}

EXIT STATUS
  0 ended on request    1 failure                  2 usage      3 configuration   4 directory
  5 cannot listen       6 duplicate machine id     7 no etcd (--check)            8 no systemd (--check)
`;
}

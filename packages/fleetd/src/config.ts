import { readFileSync } from "node:fs";
import { inheritedDescriptors } from "@fleet/api";
import { closest } from "@fleet/core";
import { parseConfigFile } from "./config-file.js";
import { exitCode, FatalError } from "./exit-code.js";
import { isOptionName, type OptionName, type Options, optionSpecs } from "./options.js";

/** Where fleetd looks if no file is named. */
export const defaultConfigPath = "/etc/fleet/fleet.conf";

/** Where the values come from. */
export interface ConfigSource {
  /** The file named on the command line, if one was. */
  readonly path: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For tests. */
  readonly readFile?: (path: string) => string;
}

function readConfig(source: ConfigSource): { path: string; content: string } | undefined {
  const path = source.path ?? defaultConfigPath;
  const read = source.readFile ?? ((name: string) => readFileSync(name, "utf8"));
  try {
    return { path, content: read(path) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (source.path === undefined && code === "ENOENT") return undefined;
    const why =
      code === "EISDIR" ? "it is a directory" : code === "ENOENT" ? "there is no such file" : `${error}`;
    throw new FatalError(exitCode.configuration, `cannot read the configuration ${path}: ${why}`, {
      cause: error,
    });
  }
}

function fromEnvironment(
  environment: ConfigSource["environment"],
  problems: string[],
): Map<OptionName, { text: string; where: string }> {
  const values = new Map<OptionName, { text: string; where: string }>();
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith("FLEET_") || value === undefined || value === "") continue;
    const name = variable.slice("FLEET_".length).toLowerCase();
    if (isOptionName(name)) values.set(name, { text: value, where: variable });
    else {
      // A unit's environment may carry variables of this prefix that are not meant for fleetd; a likely slip is refused.
      const similar = closest(name, Object.keys(optionSpecs));
      if (similar !== undefined) {
        problems.push(
          `${variable}: there is no option "${name}" (did you mean FLEET_${similar.toUpperCase()}?)`,
        );
      }
    }
  }
  return values;
}

/** Checks values that must fit one another. */
function relationProblems(options: Options, isTimeoutGiven: boolean): string[] {
  const problems: string[] = [];
  if ((options.etcd_certfile === "") !== (options.etcd_keyfile === "")) {
    problems.push("etcd_certfile and etcd_keyfile: give both or neither");
  }
  const secure = options.etcd_cafile !== "" || options.etcd_certfile !== "";
  const plain = options.etcd_servers.find((server) => server.startsWith("http://"));
  if (secure && plain !== undefined) {
    problems.push(`etcd_servers: ${plain} is not encrypted, but TLS options are given: write https://`);
  }
  if ((options.etcd_username === "") !== (options.etcd_password === "")) {
    problems.push("etcd_username and etcd_password: give both or neither");
  }
  if (isTimeoutGiven && options.etcd_request_timeout * 2 > options.agent_ttl) {
    problems.push(
      "etcd_request_timeout: must be at most half of agent_ttl, or one slow request costs the lease",
    );
  }
  return problems;
}

/** The timeout of a request that nobody chose: one slow renewal must leave time for another within the lease. */
function defaultRequestTimeoutMs(options: Options): number {
  return Math.min(options.etcd_request_timeout, options.agent_ttl / 3);
}

/**
 * Reads the configuration once: environment, then file, then defaults; everything is validated.
 * An empty variable counts as not given.
 * @throws {FatalError} `configuration`, naming every problem with its file and line or its variable.
 */
export function loadConfig(source: ConfigSource): Options {
  const problems: string[] = [];
  const file = readConfig(source);
  const parsed = file === undefined ? undefined : parseConfigFile(file.path, file.content);
  problems.push(...(parsed?.problems ?? []));
  const environment = fromEnvironment(source.environment, problems);
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(optionSpecs)) {
    if (!isOptionName(name)) continue;
    const given = environment.get(name) ?? parsed?.values.get(name);
    const result = spec.parse(given?.text ?? spec.fallback);
    if ("value" in result) values[name] = result.value;
    else if (given !== undefined) {
      const where = "where" in given ? given.where : `${file?.path}:${given.line}`;
      problems.push(`${where}: ${name} = "${given.text}": ${result.problem}`);
    }
  }
  const isGiven = (name: OptionName): boolean => environment.has(name) || parsed?.values.has(name) === true;
  const isTimeoutGiven = isGiven("etcd_request_timeout");
  // The original listened on these alone; its socket units go on working, on the same path as our default.
  const isHandedSockets = inheritedDescriptors(source.environment, process.pid).length > 0;
  if (!isGiven("listen") && isHandedSockets) values.listen = [{ kind: "inherited" }];
  if (problems.length === 0) problems.push(...relationProblems(values as Options, isTimeoutGiven));
  if (problems.length > 0) {
    throw new FatalError(exitCode.configuration, `cannot use the configuration: ${problems.join("; ")}`);
  }
  const options = values as Options;
  return Object.freeze({
    ...options,
    ...(options.systemd_user ? { systemd: { kind: "user" } as const } : {}),
    ...(isTimeoutGiven ? {} : { etcd_request_timeout: defaultRequestTimeoutMs(options) }),
  });
}

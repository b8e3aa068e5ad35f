import { type Amounts, type Metadata, parseAmounts, parseMachineId, parseMetadata } from "@fleet/core";
import { type ListenAddress, parseListenAddress } from "./listen-address.js";
import * as parse from "./option-parsers.js";

/** How fleetd reaches systemd. */
export type SystemdAddress =
  | { readonly kind: "system" }
  | { readonly kind: "user" }
  | { readonly kind: "private"; readonly path: string }
  | { readonly kind: "bus"; readonly address: string };

/** One option of `fleet.conf`: how it is read, what holds without it, and what it does. */
export interface OptionSpec<T> {
  readonly parse: parse.OptionParser<T>;
  /** In the notation of the file. */
  readonly fallback: string;
  /** One sentence with unit, default and the effect of extremes; shown by `fleetd --help`. */
  readonly help: string;
}

function option<T>(parser: parse.OptionParser<T>, fallback: string, help: string): OptionSpec<T> {
  return { parse: parser, fallback, help };
}

const listenAddresses: parse.OptionParser<readonly ListenAddress[]> = (input) => {
  const items = parse.list(input);
  if ("problem" in items) return items;
  const addresses: ListenAddress[] = [];
  for (const item of items.value) {
    const address = parseListenAddress(item);
    if (typeof address === "string") return { problem: address };
    addresses.push(address);
  }
  return { value: addresses };
};

const systemdAddress: parse.OptionParser<SystemdAddress> = (input) => {
  if (input === "system" || input === "user") return { value: { kind: input } };
  if (input.startsWith("private:/"))
    return { value: { kind: "private", path: input.slice("private:".length) } };
  if (input.startsWith("unix:")) return { value: { kind: "bus", address: input } };
  return { problem: "expected system, user, private:/path or unix:path=/path" };
};

const metadata: parse.OptionParser<Metadata> = (input) => {
  const bad = input.split(",").find((part) => part.trim() !== "" && !part.includes("="));
  if (bad !== undefined) return { problem: `"${bad.trim()}" is no key=value pair` };
  const value = parseMetadata(input);
  // As in the API: what is said of a machine is one word in a line of it.
  const isPlain = !Object.entries(value)
    .flat()
    .some((word) => /[\p{Cc}\u2028\u2029]/u.test(word));
  return isPlain ? { value } : { problem: "metadata must not contain control characters" };
};

const capacity: parse.OptionParser<Amounts> = (input) => {
  if (input === "") return { value: {} };
  const parsed = parseAmounts(input);
  return "problem" in parsed ? parsed : { value: Object.fromEntries(parsed.amounts) };
};

const machineId: parse.OptionParser<string> = (input) => {
  if (input === "") return { value: "" };
  try {
    return { value: parseMachineId(input) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};

const octalMode: parse.OptionParser<number> = (input) =>
  /^0?[0-7]{3}$/.test(input)
    ? { value: Number.parseInt(input, 8) }
    : { problem: 'expected an octal file mode, like "0660"' };

/** One of a few words. */
function oneOf<T extends string>(words: readonly T[]): parse.OptionParser<T> {
  return (input) => {
    const value = words.find((word) => word === input);
    return value === undefined ? { problem: `expected ${words.join(" or ")}` } : { value };
  };
}

const hour = 3_600_000;

/**
 * Every option, in the order of the manual: the original fleet's first, with its names, then ours.
 * The environment variable of an option is `FLEET_` and its name in capitals.
 */
export const optionSpecs = {
  verbosity: option(parse.integer(0, 9), "0", "Above 0: debug log."),
  etcd_servers: option(
    parse.urlList,
    "http://127.0.0.1:2379",
    "Client URLs of the etcd members, comma separated.",
  ),
  etcd_username: option(parse.text, "", "User for etcd's password authentication; empty: none."),
  etcd_password: option(parse.text, "", "Password for etcd. Quote it in the file."),
  etcd_keyfile: option(parse.optionalPath, "", "Key of the TLS client certificate for etcd."),
  etcd_certfile: option(parse.optionalPath, "", "TLS client certificate for etcd; needs etcd_keyfile."),
  etcd_cafile: option(
    parse.optionalPath,
    "",
    "Authority that etcd's certificate must come from; empty: the system's. Servers are always verified.",
  ),
  etcd_key_prefix: option(
    (input) =>
      /^\/.*[^/]\/?$/.test(input)
        ? { value: input.endsWith("/") ? input : `${input}/` }
        : { problem: 'expected a path, like "/_coreos.com/fleet/"' },
    "/_coreos.com/fleet/",
    "Root of the keys in etcd; clusters that share an etcd need different ones.",
  ),
  etcd_request_timeout: option(
    parse.seconds(0.1, 60),
    "5",
    "Seconds that one request to etcd may take; unless given, at most a third of agent_ttl.",
  ),
  engine_reconcile_interval: option(
    parse.seconds(0.5, 600),
    "10",
    "Seconds between the engine's safety rounds; events are acted on at once.",
  ),
  public_ip: option(
    parse.text,
    "",
    "Address to publish; empty: the address of the default route's interface.",
  ),
  metadata: option(metadata, "", "The machine's metadata: key=value pairs, comma separated."),
  agent_ttl: option(
    parse.duration(3000, hour),
    "10s",
    "How long a silent machine counts as present. Short: quick failover, and short pauses move units. With a unit: 10s.",
  ),
  units_directory: option(parse.path, "/run/fleet/units", "Where the texts of fleet's units are kept."),
  systemd_user: option(parse.flag, "false", 'Same as systemd = "user".'),
  token_limit: option(parse.integer(1, 65_535), "100", "Entries on a page of the API."),
  disable_engine: option(parse.flag, "false", "Never be a candidate for leading the cluster."),
  disable_watches: option(parse.flag, "false", "Accepted for old files; watches are always used."),
  enable_grpc: option(parse.flag, "false", "Accepted for old files; there is no gRPC mode."),
  verify_units: option(parse.flag, "false", "Accepted for old files; there are no signed units."),
  authorized_keys_file: option(parse.text, "", "Accepted for old files; there are no signed units."),
  machine_id: option(machineId, "", "The machine's id; empty: the content of /etc/machine-id."),
  systemd: option(
    systemdAddress,
    "system",
    "How to reach systemd: system (bus), user (session bus), private:/path (a manager's own socket) or unix:path=… (a bus).",
  ),
  listen: option(
    listenAddresses,
    "unix:///run/fleet.sock",
    "Where the API listens: unix:///path, http://address:port, fd:// (from a systemd socket unit; the default if there are any), comma separated.",
  ),
  socket_mode: option(
    octalMode,
    "0660",
    "File mode of the API's unix sockets: who may use fleet on this machine.",
  ),
  socket_group: option(
    (input) =>
      /^$|^\d{1,10}$|^[a-z_][a-z0-9_.-]{0,31}\$?$/i.test(input)
        ? { value: input }
        : { problem: 'expected the name or the number of a group, like "fleet"' },
    "",
    "Group of the API's unix sockets, by name or number; empty: fleetd's own.",
  ),
  runtime_directory: option(parse.path, "/run/fleet", "For what must not survive a reboot."),
  state_directory: option(parse.path, "/var/lib/fleet", "For what must survive a reboot."),
  environment_file: option(
    parse.optionalPath,
    "/run/fleet/environment",
    "Machine facts for EnvironmentFile= in units; empty: not written.",
  ),
  capacity: option(
    capacity,
    "",
    "What the machine has for units that reserve something, where it is not what was measured: cpu=8,memory=16G,gpu=2.",
  ),
  reserve_from_unit: option(
    parse.flag,
    "false",
    "Whether a unit's MemoryMax= and CPUQuota= count as reserved if its Reserve= does not say. The same on all candidates.",
  ),
  exclusive_stop_max: option(
    parse.duration(1000, hour),
    "10s",
    "How long an exclusive unit may take to stop; that long after agent_ttl, and 2 s, it may run elsewhere. The same on all machines.",
  ),
  offline_start_after: option(
    parse.duration(0, hour),
    "30s",
    "How long etcd is waited for at the start before units with OfflineStart=true are started by what was last known.",
  ),
  drift: option(
    oneOf(["leave", "reconcile"]),
    "leave",
    "What to do with a unit that somebody else stops on its machine: leave (and report) it, or reconcile: start it again.",
  ),
  mass_loss_hold: option(
    parse.duration(0, 24 * hour),
    "60s",
    "How long moves are held when most machines vanish at once; five times as long when they were merely found absent.",
  ),
} as const;

/** The name of an option. */
export type OptionName = keyof typeof optionSpecs;

type ValueOf<S> = S extends OptionSpec<infer T> ? T : never;

/** All options with their values, validated. */
export type Options = { readonly [K in OptionName]: ValueOf<(typeof optionSpecs)[K]> };

/** Narrows a text to the name of an option. */
export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(optionSpecs, name);
}

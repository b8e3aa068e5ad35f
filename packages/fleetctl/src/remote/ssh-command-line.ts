import type { Bastion } from "./bastion.js";
import { shellCommand, shellQuote } from "./shell-quote.js";
import type { SshSettings } from "./ssh-settings.js";

/** What a login on a machine is for. */
export interface SshSession {
  readonly host: string;
  /** 22 leaves it to ssh's configuration. */
  readonly port: number;
  /** Handed to the remote shell, joined with blanks; none: a login shell. */
  readonly command: readonly string[];
  /** `own`: what ssh does by itself; `always`: a terminal for the command too; `none`: bytes only. */
  readonly terminal: "own" | "always" | "none";
  /** `own`: what ssh's configuration says. */
  readonly agent: "forward" | "never" | "own";
}

/** What a command on a machine needs nothing of, whatever the configuration has for people who log in. */
const plainCommand = ["-o", "RemoteCommand=none"];
const plainSession = ["-x", "-o", "ClearAllForwardings=yes"];

/**
 * The command line of a login on a machine. Through a tunnel, the bastion is logged in to by an ssh of its own, under the
 * same settings: ssh's `-J` would not hand them on.
 */
export function sshToMachine(settings: SshSettings, session: SshSession): readonly string[] {
  const { agent, command, host, port, terminal } = session;
  return [
    "ssh",
    ...(terminal === "own" ? [] : [terminal === "always" ? "-t" : "-T"]),
    ...(agent === "own" ? [] : [agent === "forward" ? "-A" : "-a"]),
    ...(terminal === "none" ? plainSession : []),
    ...(command.length === 0 ? [] : plainCommand),
    ...commonArguments(settings),
    ...userArguments(settings.username),
    ...(port === 22 ? [] : ["-p", String(port)]),
    ...(settings.bastion === undefined
      ? []
      : ["-o", `ProxyCommand=${proxyCommand(settings, settings.bastion)}`]),
    "--",
    host,
    ...command,
  ];
}

/** What a tunnel leads to, as the bastion sees it. */
export type TunnelEnd =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "address"; readonly host: string; readonly port: number };

/** The command line of an ssh whose stdin and stdout are a connection to `end`. */
export function sshTunnel(settings: SshSettings, bastion: Bastion, end: TunnelEnd): readonly string[] {
  return end.kind === "address"
    ? ["ssh", ...bastionArguments(settings, bastion), "-W", hostAndPort(end), "--", bastion.host]
    : [
        "ssh",
        "-T",
        "-a",
        ...plainSession,
        ...plainCommand,
        ...bastionArguments(settings, bastion),
        "--",
        bastion.host,
        `fleetctl fd-forward ${shellQuote(end.path)}`,
      ];
}

/** The command line of an ssh that shows whether the bastion lets us in, and does nothing there. */
export function sshToBastion(settings: SshSettings, bastion: Bastion): readonly string[] {
  const login = bastionArguments(settings, bastion);
  return ["ssh", "-T", "-a", ...plainSession, ...plainCommand, ...login, "--", bastion.host, "true"];
}

/** For ssh, which hands it to a shell and replaces `%h` and `%p` first. */
function proxyCommand(settings: SshSettings, bastion: Bastion): string {
  const words = ["ssh", ...bastionArguments(settings, bastion)];
  const escaped = shellCommand(words).replaceAll("%", "%%");
  return `${escaped} -W '[%h]:%p' -- ${shellQuote(bastion.host).replaceAll("%", "%%")}`;
}

function bastionArguments(settings: SshSettings, { port, user }: Bastion): readonly string[] {
  return [
    ...commonArguments(settings),
    ...userArguments(user ?? settings.username),
    ...(port === undefined ? [] : ["-p", String(port)]),
  ];
}

function commonArguments(settings: SshSettings): readonly string[] {
  const { asksNothing = false, checksHostKeys, knownHostsFile, timeoutS } = settings;
  // ssh knows whole seconds only, and takes 0 for the system's limit, which is minutes.
  const options = [`ConnectTimeout=${Math.ceil(timeoutS)}`];
  if (asksNothing) options.push("BatchMode=yes");
  if (!checksHostKeys) {
    options.push(
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "GlobalKnownHostsFile=/dev/null",
      // Otherwise each login says that it has permanently added a key, to nowhere.
      "LogLevel=ERROR",
    );
  } else if (knownHostsFile !== "") {
    options.push(`UserKnownHostsFile=${configValue(knownHostsFile)}`);
  }
  return options.flatMap((option) => ["-o", option]);
}

/** A file name as ssh_config has it: one word, in which `%` begins a token. */
function configValue(path: string): string {
  const escaped = path.replaceAll("%", "%%");
  return /[\s"'\\#]/.test(escaped) ? `"${escaped.replaceAll(/["\\]/g, "\\$&")}"` : escaped;
}

function userArguments(user: string): readonly string[] {
  return user === "" ? [] : ["-l", user];
}

function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

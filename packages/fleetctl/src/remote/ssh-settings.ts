import type { CommandArgs, OptionSpec } from "../command.js";
import { UsageError } from "../usage-error.js";
import { type Bastion, parseBastion } from "./bastion.js";

/** How hosts are logged in to. What is left open here is for OpenSSH and its configuration to say. */
export interface SshSettings {
  /** Empty: as ssh would without being told. */
  readonly username: string;
  /** For connecting to one host. */
  readonly timeoutS: number;
  /** Empty: OpenSSH's own files. */
  readonly knownHostsFile: string;
  /** If false, host keys are neither checked nor remembered. */
  readonly checksHostKeys: boolean;
  /** The host that everything goes through. */
  readonly bastion: Bastion | undefined;
  /** Fail rather than ask anybody anything; default false. */
  readonly asksNothing?: boolean;
}

/** The options of all commands that concern ssh. */
export const sshOptions: readonly OptionSpec[] = [
  {
    name: "tunnel",
    type: "text",
    fallback: "",
    help: "Go through this host, host[:port], by ssh: to the endpoint, and to machines.",
  },
  {
    name: "ssh-username",
    type: "text",
    fallback: "",
    help: "User to log in as, on machines and on the tunnel's host; empty: what ssh's configuration says.",
  },
  {
    name: "ssh-timeout",
    type: "seconds",
    fallback: 10,
    help: "Seconds that connecting to a host may take.",
  },
  {
    name: "known-hosts-file",
    offers: [{ kind: "files" }],
    type: "text",
    fallback: "",
    help: "File with the keys of hosts; empty: those of ssh, as ~/.ssh/known_hosts.",
  },
  {
    name: "strict-host-key-checking",
    type: "boolean",
    fallback: true,
    help: "Let ssh check the keys of hosts, and ask about new ones; =false accepts any and remembers none.",
  },
];

/** `--ssh-port`, as the commands that go to machines have it. */
export const sshPortOption: OptionSpec = {
  name: "ssh-port",
  type: "integer",
  fallback: 22,
  help: "Port of sshd on machines; 22: what ssh's configuration says. The tunnel's host has its own.",
};

/** Reads `--ssh-port`. @throws {UsageError} */
export function readSshPort(args: CommandArgs): number {
  const port = args.number("ssh-port");
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`Error: invalid argument "${port}" for --ssh-port=${port}: expected a port`);
}

/** Reads the options of all commands. @throws {UsageError} for a tunnel that is no host. */
export function readSshSettings(args: CommandArgs): SshSettings {
  const tunnel = args.text("tunnel");
  return {
    username: args.text("ssh-username"),
    timeoutS: args.number("ssh-timeout"),
    knownHostsFile: args.text("known-hosts-file"),
    checksHostKeys: args.flag("strict-host-key-checking"),
    bastion: tunnel === "" ? undefined : parseBastion(tunnel),
  };
}

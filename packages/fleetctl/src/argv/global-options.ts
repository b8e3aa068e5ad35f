import type { OptionSpec } from "../command.js";
import { sshOptions } from "../remote/ssh-settings.js";

/** The options that all commands have. */
export const globalOptions: readonly OptionSpec[] = [
  {
    name: "endpoint",
    type: "text",
    fallback: "unix:///var/run/fleet.sock",
    help: "Where fleetd listens: unix:///path or http://host:port; several of one cluster with commas between.",
  },
  {
    name: "request-timeout",
    type: "seconds",
    fallback: 10,
    help: "Seconds that one request may take.",
  },
  {
    name: "ca-file",
    offers: [{ kind: "files" }],
    type: "text",
    fallback: "",
    help: "Authority that the certificate of an https endpoint must come from; empty: the system's.",
  },
  {
    name: "cert-file",
    offers: [{ kind: "files" }],
    type: "text",
    fallback: "",
    help: "TLS client certificate; needs --key-file.",
  },
  {
    name: "key-file",
    offers: [{ kind: "files" }],
    type: "text",
    fallback: "",
    help: "Key of the TLS client certificate.",
  },
  ...sshOptions,
  {
    name: "debug",
    type: "boolean",
    fallback: false,
    help: "Print every request, and every ssh that is run, to stderr.",
  },
  { name: "help", short: "h", type: "boolean", fallback: false, help: "Show this page." },
  { name: "version", short: "v", type: "boolean", fallback: false, help: "Print the version and exit." },
];

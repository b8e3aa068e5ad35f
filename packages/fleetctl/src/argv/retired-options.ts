import { FleetError } from "@fleet/core";
import type { Command, CommandArgs, OptionSpec } from "../command.js";
import { globalOptions } from "./global-options.js";

const synonym = (name: string, synonymOf: string): OptionSpec => ({
  name,
  synonymOf,
  type: "text",
  fallback: "",
  help: `The old name of --${synonymOf}.`,
  retired: `--${name} is deprecated; its name is --${synonymOf} now`,
});

const driverOption = "driver";

/** Global options of the original that scripts still pass. None of them is shown anywhere. */
export const retiredGlobalOptions: readonly OptionSpec[] = [
  {
    name: driverOption,
    type: "text",
    fallback: "API",
    help: "How to reach the cluster.",
    // What it says is checked when it matters.
    retired: "",
  },
  {
    name: "etcd-key-prefix",
    type: "text",
    fallback: "",
    help: "Where the cluster is in etcd.",
    retired: "--etcd-key-prefix has no effect: fleetctl asks fleetd, not etcd",
  },
  {
    name: "experimental-api",
    type: "boolean",
    fallback: true,
    help: "Use the API.",
    retired: "--experimental-api is deprecated and has no effect: fleetctl always uses the API",
  },
  synonym("etcd-keyfile", "key-file"),
  synonym("etcd-certfile", "cert-file"),
  synonym("etcd-cafile", "ca-file"),
];

/** `--sign`, which submit, load and start take. */
export const signOption: OptionSpec = {
  name: "sign",
  type: "boolean",
  fallback: false,
  help: "Sign units.",
  retired: "--sign is deprecated and has no effect: there are no signed units",
};

/** Every option that some command line may have. */
export function allOptions(commands: readonly Command[]): readonly OptionSpec[] {
  return [...globalOptions, ...retiredGlobalOptions, ...commands.flatMap(({ options }) => options)];
}

/** Every option that a command takes. */
export function optionsOf(command: Command): readonly OptionSpec[] {
  return [...command.options, ...globalOptions, ...retiredGlobalOptions];
}

/** Whether people are told of an option, on pages and by shells. */
export function isShown({ retired }: OptionSpec): boolean {
  return retired === undefined;
}

/**
 * Insists on the one way to the cluster that there is.
 * @throws {FleetError} for `--driver=etcd`: the endpoint is then one of etcd's, which says nothing that fleetctl could use.
 */
export function requireApiDriver(args: CommandArgs): void {
  const driver = args.text(driverOption);
  if (driver === "API") return;
  if (driver !== "etcd") {
    throw new FleetError("invalid-argument", `unrecognized driver ${JSON.stringify(driver)}`);
  }
  throw new FleetError("invalid-argument", "there is no etcd driver any more", {
    hint: "fleetctl asks fleetd: leave --driver out (or unset FLEETCTL_DRIVER), and let --endpoint be one of fleetd's",
  });
}

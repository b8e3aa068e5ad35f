import type { OptionSpec } from "../command.js";

/** `--full`, as all lists have it. */
export const fullOption: OptionSpec = {
  name: "full",
  short: "l",
  type: "boolean",
  fallback: false,
  help: "Print machine ids and hashes in full length.",
};

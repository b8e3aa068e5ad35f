import type { OptionSpec } from "../command.js";

/** `--no-block` and `--block-attempts`, as all commands that wait have them. */
export const blockOptions: readonly OptionSpec[] = [
  {
    name: "no-block",
    type: "boolean",
    fallback: false,
    help: "Do not wait until the units are where they should be.",
  },
  {
    name: "block-attempts",
    type: "integer",
    fallback: 0,
    help: "Give up waiting after so many attempts of 2 seconds; 0: never.",
  },
];

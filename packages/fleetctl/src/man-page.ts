import { isShown } from "./argv/retired-options.js";
import type { Command, OptionSpec } from "./command.js";
import { exitCode } from "./exit-code.js";
import { mainExamples } from "./help-page.js";
import { version } from "./version.js";

/** The manual page of the whole program, `fleetctl(1)`, in the man macros. */
export function mainManPage(commands: readonly Command[], globals: readonly OptionSpec[]): string {
  const list = commands.map(({ name, summary }) =>
    tagged(bold(`fleetctl-${name}`) + text("(1)"), text(summary)),
  );
  return page("fleetctl", [
    section("NAME", text("fleetctl - a command-line interface to fleet")),
    section("SYNOPSIS", `${bold("fleetctl")} ${text("[global options] COMMAND [options] [arguments...]")}`),
    section(
      "DESCRIPTION",
      text(
        "fleetctl tells a cluster of machines that run systemd which units they are to run, and shows what became of them. " +
          "Flags may stand before and behind the command, and a command may be cut short to the beginning of its name " +
          "that no other one has. Where a unit is named, braces, ranges and quoted patterns name many: web@{1..5}, 'web@*'.",
      ),
    ),
    section("COMMANDS", ...list),
    section("EXAMPLES", ...exampleParagraphs(mainExamples)),
    section("GLOBAL OPTIONS", ...options(globals)),
    ...endings(),
    section("SEE ALSO", commands.map(({ name }) => bold(`fleetctl-${name}`) + text("(1)")).join(",\n")),
  ]);
}

/** The manual page of one command, `fleetctl-start(1)`. */
export function commandManPage(command: Command, globals: readonly OptionSpec[]): string {
  const { description, examples, name, summary, usage } = command;
  return page(`fleetctl-${name}`, [
    section("NAME", text(`fleetctl-${name} - ${summary}`)),
    section("SYNOPSIS", `${bold("fleetctl")} ${text(usage)}`),
    section("DESCRIPTION", text(description)),
    ...(command.options.filter(isShown).length === 0
      ? []
      : [section("OPTIONS", ...options(command.options))]),
    section("EXAMPLES", ...exampleParagraphs(examples)),
    section("GLOBAL OPTIONS", ...options(globals)),
    ...endings(),
    section("SEE ALSO", bold("fleetctl") + text("(1)")),
  ]);
}

function exampleParagraphs(examples: Command["examples"]): readonly string[] {
  return examples.map(({ what, command: line }, index) => {
    // A section begins a paragraph by itself.
    const paragraph = index === 0 ? "" : ".PP\n";
    return `${paragraph}${text(what)}\n.PP\n.RS 4\n.EX\n${text(line)}\n.EE\n.RE`;
  });
}

function endings(): readonly string[] {
  const codes = [
    [String(exitCode.ok), "It was done."],
    [String(exitCode.failed), "It could not be done, or not all of it; standard error says what and why."],
    [String(exitCode.usage), "The command line is wrong; nothing was asked of the cluster."],
    ["130, 143", "The command was interrupted by SIGINT or SIGTERM. What is wanted of units stays as it is."],
  ] as const;
  return [
    section("EXIT STATUS", ...codes.map(([code, meaning]) => tagged(bold(code), text(meaning)))),
    section(
      "ENVIRONMENT",
      tagged(
        bold("FLEETCTL_ENDPOINT") + text(", ..."),
        text(
          "Each global option, in capitals with FLEETCTL_ in front and _ for -. Flags on the command line win.",
        ),
      ),
      tagged(bold("NO_COLOR"), text("If it is not empty, nothing is dimmed on terminals.")),
    ),
  ];
}

function page(name: string, sections: readonly string[]): string {
  const title = name.toUpperCase().replaceAll("-", "\\-");
  // Without a date, so that the same source gives the same page; and without hyphens, so that flags are what one types.
  return `.TH ${title} 1 "" "fleet ${version}" "fleet manual"\n.nh\n.ad l\n${sections.join("")}`;
}

function section(title: string, ...parts: readonly string[]): string {
  return `.SH ${title}\n${parts.map((part) => `${part}\n`).join("")}`;
}

function options(specs: readonly OptionSpec[]): readonly string[] {
  return specs.filter(isShown).map((option) => tagged(optionTag(option), text(option.help)));
}

function optionTag({ name, short, ...option }: OptionSpec): string {
  const value = option.type === "boolean" ? "" : text(`=${option.fallback}`);
  const long = bold(`--${name}`) + value;
  return short === undefined ? long : `${bold(`-${short}`)}, ${long}`;
}

function tagged(tag: string, body: string): string {
  return `.TP\n${tag}\n${body}`;
}

function bold(word: string): string {
  return `\\fB${text(word)}\\fR`;
}

/** Takes away the meaning that characters have for roff, at the beginning of lines and anywhere. */
function text(plain: string): string {
  return plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti")
    .replaceAll("'", "\\(aq")
    .replaceAll(/^\./gm, "\\&.");
}

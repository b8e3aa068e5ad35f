// The notation of commands/*.txt, line by line:
//
//   # …              a remark; empty lines between steps mean nothing either
//   file NAME        a unit file beside which fleetctl is run; its text follows in lines that begin with "> ";
//                    {x*2048} in it are as many x
//   env NAME=VALUE   a variable that the next command has in its environment
//   etcd stop        etcd goes away; "etcd start" brings it back
//   ledger ROW       the next command deviates from the original: how that row of docs/compatibility.md begins
//   eventually       the next command is repeated until it says what is expected
//   $ fleetctl …     a command; below it what is expected:
//     text             a line of stdout         (a line of three dots: any lines; …: anything in its line)
//     | a | b          a row of a table on stdout, which is laid out in the original's way
//     = fleetctl …     the stdout of that command, which stands earlier in the same file
//     ! text           a line of stderr
//     -> 0             the exit status, which ends the expectation
//
// A last line, of an output or a file, that ends without a line break has "\c" behind it.

/** A command and what it is expected to say. */
export interface CommandStep {
  readonly kind: "command";
  /** With `fleetctl` in front. */
  readonly command: string;
  readonly isEventual: boolean;
  readonly ledger: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The lines below the command, with the exit status. */
  readonly expected: readonly string[];
}

/** One step of a transcript. `text` keeps lines that only people read. */
export type Step =
  | { readonly kind: "text"; readonly line: string }
  | { readonly kind: "file"; readonly name: string; readonly lines: readonly string[] }
  | { readonly kind: "etcd"; readonly change: "stop" | "start" }
  | CommandStep;

/** Reads a transcript. @throws {Error} if a line means nothing, or a command has no exit status. */
export function readTranscript(text: string): readonly Step[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const steps: Step[] = [];
  let ledger: string[] = [];
  let environment: Record<string, string> = {};
  let isEventual = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line === "" || line.startsWith("#")) steps.push({ kind: "text", line });
    else if (line === "etcd stop" || line === "etcd start")
      steps.push({ kind: "etcd", change: line === "etcd stop" ? "stop" : "start" });
    else if (line.startsWith("ledger ")) ledger.push(line.slice("ledger ".length));
    else if (line === "eventually") isEventual = true;
    else if (/^env \w+=/.test(line)) {
      const [, name = "", value = ""] = /^env (\w+)=(.*)$/.exec(line) ?? [];
      environment = { ...environment, [name]: value };
    } else if (line.startsWith("file ")) {
      const content: string[] = [];
      while (lines[at + 1]?.startsWith(">") === true) content.push((lines[++at] ?? "").replace(/^> ?/, ""));
      const name = line.slice("file ".length);
      steps.push({ kind: "file", name, lines: content });
    } else if (line.startsWith("$ fleetctl")) {
      const expected: string[] = [];
      do expected.push(lines[++at] ?? "-> none");
      while (!/^-> /.test(expected.at(-1) ?? ""));
      if (!/^-> \d+$/.test(expected.at(-1) ?? "")) throw new Error(`no exit status: ${line}`);
      steps.push({ kind: "command", command: line.slice(2), isEventual, ledger, environment, expected });
      ledger = [];
      environment = {};
      isEventual = false;
    } else throw new Error(`a line ${at + 1} that means nothing: ${line}`);
  }
  return steps;
}

/** The reverse of {@link readTranscript}. */
export function writeTranscript(steps: readonly Step[]): string {
  return steps.map((step) => `${stepLines(step).join("\n")}\n`).join("");
}

function stepLines(step: Step): readonly string[] {
  switch (step.kind) {
    case "text":
      return [step.line];
    case "etcd":
      return [`etcd ${step.change}`];
    case "file":
      return [`file ${step.name}`, ...step.lines.map((line) => (line === "" ? ">" : `> ${line}`))];
    case "command":
      return [
        ...step.ledger.map((row) => `ledger ${row}`),
        ...Object.entries(step.environment).map(([name, value]) => `env ${name}=${value}`),
        ...(step.isEventual ? ["eventually"] : []),
        `$ ${step.command}`,
        ...step.expected,
      ];
  }
}

/** The text of a file from its lines in a transcript. */
export function textOf(lines: readonly string[]): string {
  return lines
    .map((line) => (line.endsWith("\\c") ? line.slice(0, -2) : `${line}\n`))
    .join("")
    .replaceAll(/\{(.)\*(\d+)\}/g, (_, sign: string, count: string) => sign.repeat(Number(count)));
}

/** The words of a command line without its `fleetctl`; quotes keep words together. */
export function wordsOf(command: string): readonly string[] {
  const words = command.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.slice(1).map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"));
}

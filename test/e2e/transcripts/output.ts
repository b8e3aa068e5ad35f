import type { ProgramResult } from "@fleet/demo";
import { readRow, renderTable, writeRow } from "./table.js";

/** What a command said, in a form that is the same in every run. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/**
 * Takes out of a result what differs between runs: machine ids become `aaaa…`, `bbbb…`, `cccc…` in their order, of the same
 * length, the ports of machines become `PORT`, and lines about several units in the same state are put into the order of their names.
 * @param machineIds - In their order.
 */
export function normalised(result: ProgramResult, machineIds: readonly string[]): Said {
  return {
    stdout: inNameOrder(withoutIds(result.stdout, machineIds)),
    stderr: withoutIds(result.stderr, machineIds),
    status: result.status,
  };
}

function withoutIds(text: string, machineIds: readonly string[]): string {
  let replaced = text;
  for (const [index, id] of machineIds.entries()) {
    const letter = String.fromCharCode("a".charCodeAt(0) + index);
    for (const length of [32, 8]) replaced = replaced.replaceAll(id.slice(0, length), letter.repeat(length));
  }
  return replaced.replace(/\b(127\.0\.0\.1[1-9]):\d{4,5}\b/g, "$1:PORT");
}

/** Units are waited for at the same time, and their lines come in the order in which they are ready. */
function inNameOrder(text: string): string {
  const lines = text.split("\n");
  const state = (line: string | undefined): string | undefined => /^Unit \S+ (\w+)/.exec(line ?? "")?.[1];
  for (let from = 0; from < lines.length; from++) {
    const first = state(lines[from]);
    if (first === undefined) continue;
    let to = from + 1;
    while (state(lines[to]) === first) to++;
    lines.splice(from, to - from, ...lines.slice(from, to).sort());
    from = to - 1;
  }
  return lines.join("\n");
}

/**
 * What a transcript expects, as text. Where it leaves lines out and the rest is met, they are taken from what was said.
 * @param earlier - What commands of the same file have said on stdout.
 */
export function expectedOutput(
  lines: readonly string[],
  said: Said,
  earlier: ReadonlyMap<string, string>,
): Said {
  const body = lines.slice(0, -1);
  const isStderr = (line: string): boolean => line === "!" || line.startsWith("! ");
  const stderr = asText(body.filter(isStderr).map((line) => line.slice(2)));
  return {
    stdout: elided(
      stdoutText(
        body.filter((line) => !isStderr(line)),
        earlier,
      ),
      said.stdout,
    ),
    stderr: elided(stderr, said.stderr),
    status: Number((lines.at(-1) ?? "").slice("-> ".length)),
  };
}

function stdoutText(lines: readonly string[], earlier: ReadonlyMap<string, string>): string {
  const reference = lines[0]?.startsWith("= ") === true ? lines[0].slice(2) : undefined;
  if (reference !== undefined) return earlier.get(reference) ?? `(no earlier ${reference})`;
  if (lines[0]?.startsWith("| ") === true) return renderTable(lines.map(readRow));
  return asText(lines);
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => (line.endsWith("\\c") ? line.slice(0, -2) : `${line}\n`)).join("");
}

function elided(expected: string, said: string): string {
  if (!/^\.\.\.$|…/m.test(expected)) return expected;
  const literal = (part: string): string => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*");
  const pattern = expected
    .split(/^\.\.\.\n/m)
    .map(literal)
    .join("(?:.*\\n)*?");
  return new RegExp(`^${pattern}$`).test(said) ? said : expected;
}

/** The lines of a transcript that expect exactly this. */
export function expectationOf(said: Said): readonly string[] {
  const rows = said.stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(/\t+/));
  const isTable = rows.every((row) => row.length > 1) && renderTable(rows) === said.stdout && rows.length > 0;
  const stdout = isTable ? rows.map(writeRow) : asLines(said.stdout);
  const stderr = asLines(said.stderr).map((line) => (line === "" ? "!" : `! ${line}`));
  return [...stdout, ...stderr, `-> ${said.status}`];
}

function asLines(text: string): readonly string[] {
  if (text === "") return [];
  return text.endsWith("\n") ? text.slice(0, -1).split("\n") : `${text}\\c`.split("\n");
}

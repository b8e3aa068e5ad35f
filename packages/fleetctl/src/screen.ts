import type { Output } from "./command.js";

/** The terminal that people read stderr on. */
export interface Terminal {
  /** How many characters fit into a line, now: windows change. */
  columns(): number;
  /** Whether text may be dimmed; people say no to it with NO_COLOR. */
  readonly hasColour: boolean;
}

/** Both streams, kept apart from a status line. */
export interface Screen {
  readonly stdout: Output;
  readonly stderr: Output;
}

/**
 * Erases the status line, and what is below. The cursor waits at the line's beginning for two things that make more of it: the
 * `^C` of a terminal at its end would begin another line, and a window that becomes narrower folds it. What is below is erased
 * from the next line on, because terminals may keep for scrolling back what is erased from the very first one.
 */
const erase = "\r\u001b[K\u001b7\u001b[B\u001b[J\u001b8";

/**
 * Gives stderr a status line: one line below everything else that is replaced in place, makes way for whatever is written, and
 * leaves nothing behind. It is cut off at the window's edge, because it is one line.
 * @param terminal - Absent if stderr is none; then nothing changes.
 */
export function createScreen(stdout: Output, stderr: Output, terminal: Terminal | undefined): Screen {
  if (terminal === undefined) return { stdout, stderr };
  let line = "";
  const draw = (): void => {
    const text = cutOff(line, terminal.columns() - 1);
    stderr.write(terminal.hasColour ? `\u001b[2m${text}\u001b[22m\r` : `${text}\r`);
  };
  const guard = (output: Output) => (text: string) => {
    if (line === "") return output.write(text);
    stderr.write(erase);
    output.write(text);
    if (text.endsWith("\n")) draw();
    else line = "";
  };
  return {
    stdout: { write: guard(stdout) },
    stderr: {
      write: guard(stderr),
      status: (text) => {
        if (line !== "") stderr.write(erase);
        line = text === undefined ? "" : text.replaceAll(/\p{Cc}+/gu, " ");
        if (line !== "") draw();
      },
    },
  };
}

/** Cuts a text off at a width in terminal cells. */
export function cutOff(text: string, width: number): string {
  const characters = Array.from(text);
  if (widthOf(characters) <= width) return text;
  const dots = ".".repeat(Math.min(3, Math.max(0, width)));
  while (characters.length > 0 && widthOf(characters) > width - dots.length) characters.pop();
  return characters.join("") + dots;
}

/** Most of what East Asian scripts and emoji take two cells for; in doubt a text is cut off early rather than wrapped. */
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function widthOf(characters: readonly string[]): number {
  return characters.reduce((sum, character) => sum + (wide.test(character) ? 2 : 1), 0);
}

/** What can be said beside the message of a wrong command line. */
export interface UsageErrorOptions {
  /** One sentence on what to do. */
  readonly hint?: string;
  /** What was probably meant, one of them. */
  readonly suggestions?: readonly string[];
}

/** The command line itself is wrong: nothing was asked of the cluster. */
export class UsageError extends Error {
  readonly hint: string | undefined;
  readonly suggestions: readonly string[];

  constructor(message: string, options: UsageErrorOptions = {}) {
    super(message);
    this.name = "UsageError";
    this.hint = options.hint;
    this.suggestions = options.suggestions ?? [];
  }
}

/** The whole text for stderr; its shape is the original's. */
export function usageErrorText({ message, hint, suggestions }: UsageError): string {
  const meant =
    suggestions.length === 0
      ? ""
      : `\nDid you mean this?\n${suggestions.map((item) => `\t${item}\n`).join("")}\n`;
  return `${message}\n${meant}${hint === undefined ? "" : `${hint}\n`}`;
}

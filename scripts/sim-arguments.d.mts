/** What `npm run sim -- …` asks for, as far as tests look at it. */
export interface SimArguments {
  readonly story: boolean;
  readonly all: boolean;
  readonly first: number;
  readonly last: number;
}

export const simHelp: string;
/** @returns a text that says what is wrong if they cannot be used. */
export function parseSimArguments(argv: readonly string[]): SimArguments | string;

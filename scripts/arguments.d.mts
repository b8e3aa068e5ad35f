/** What `npm run demo -- …` asks for. */
export type DemoArguments =
  | { readonly action: "start"; readonly machines: number; readonly ttl: string | undefined }
  | { readonly action: "status" }
  | { readonly action: "stop" }
  | { readonly action: "help" }
  | { readonly action: "kill"; readonly machine: string }
  | { readonly action: "revive"; readonly machine: string };

/** What `npm run bench -- …` asks for. */
export type BenchArguments =
  | { readonly name: "help" }
  | { readonly name: string; readonly runs: number; readonly json: boolean };

export const demoHelp: string;
export function parseDemoArguments(argv: readonly string[]): DemoArguments | string;
export const benchmarks: Readonly<
  Record<string, { readonly about: string; readonly runs: number; readonly fullMachines?: boolean }>
>;
export const benchHelp: string;
export function parseBenchArguments(argv: readonly string[]): BenchArguments | string;

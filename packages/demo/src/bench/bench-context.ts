/** What every benchmark is run with. */
export interface BenchContext {
  readonly checkout: string;
  /** How often each measurement is made. */
  readonly runs: number;
  /** Told what is being done. */
  readonly progress: (step: string) => void;
  readonly signal: AbortSignal;
}

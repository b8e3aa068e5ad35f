/** What a shell may offer for a word that is being typed. */
export type Offer =
  /** One of these; with a separator, several of them in one word. */
  | { readonly kind: "words"; readonly words: readonly string[]; readonly separator?: string }
  /** Terms `KEY=VALUE` or `KEY!=VALUE` with commas between: the keys as they begin a term, and what may stand for their values. */
  | { readonly kind: "terms"; readonly keys: Readonly<Record<string, readonly Offer[]>> }
  /** The names of commands. */
  | { readonly kind: "commands" }
  /** Names of units in the cluster. */
  | { readonly kind: "units" }
  /**
   * Names of units that are on a machine; there are fewer of them, and they are told faster. Once an `@@` has been typed, each of
   * them on each of its machines.
   */
  | { readonly kind: "placed-units" }
  /** Ids of machines that are present. */
  | { readonly kind: "machines" }
  /** Ids of all machines that are known, present or not. */
  | { readonly kind: "known-machines" }
  /** Files of this machine, which shells know best. */
  | { readonly kind: "files" };

/** What may stand behind a command. */
export interface ArgumentOffers {
  readonly offers: readonly Offer[];
  /** For those after the first, if they are something else. */
  readonly further?: readonly Offer[];
  /** The same where it depends on the first; words that are not in it have nothing. */
  readonly furtherAfter?: Readonly<Record<string, readonly Offer[]>>;
  /** Whether there may be more than one. */
  readonly isMany: boolean;
}

/** Units of the cluster, as many as you like. */
export const unitArguments: ArgumentOffers = { offers: [{ kind: "units" }], isMany: true };

/** Units that are on a machine, as many as you like. */
export const placedUnitArguments: ArgumentOffers = { offers: [{ kind: "placed-units" }], isMany: true };

/** One unit of the cluster. */
export const oneUnitArgument: ArgumentOffers = { ...unitArguments, isMany: false };

/** Units of the cluster or files, for the commands that bring files into it. */
export const unitOrFileArguments: ArgumentOffers = {
  offers: [{ kind: "units" }, { kind: "files" }],
  isMany: true,
};

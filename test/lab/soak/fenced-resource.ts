// A resource that checks fencing tokens, as whatever an exclusive unit guards should: the last line of defence against
// a machine that was frozen and does not know it.

/** One write to the resource. */
export interface Beat {
  readonly unit: string;
  readonly machine: string;
  /** `undefined` if the unit was given none. */
  readonly token: bigint | undefined;
}

/** What the resource makes of a write. */
export type Reception =
  | { readonly kind: "accepted"; readonly isNewHolder: boolean }
  /** A newer holder has written already. */
  | { readonly kind: "refused" }
  /** Two machines hold the same token, or one has none: tokens cannot protect the resource. */
  | { readonly kind: "unprotected"; readonly why: string };

/** Takes writes with tokens that never go down, and refuses the others. */
export class FencedResource {
  readonly #holders = new Map<string, { readonly token: bigint; readonly machine: string }>();

  /** Takes or refuses a write. Writes come in the order in which they were made. */
  take({ unit, machine, token }: Beat): Reception {
    if (token === undefined) return { kind: "unprotected", why: `${unit} has no fencing token` };
    const holder = this.#holders.get(unit);
    if (holder !== undefined && token < holder.token) return { kind: "refused" };
    if (holder !== undefined && token === holder.token && machine !== holder.machine)
      return {
        kind: "unprotected",
        why: `${unit} has the fencing token ${token} on ${machine} and on ${holder.machine}`,
      };
    this.#holders.set(unit, { token, machine });
    return { kind: "accepted", isNewHolder: holder === undefined || token > holder.token };
  }
}

/** Reads a line of the shared file; `undefined` for one that is not whole. */
export function parseBeat(line: string): (Beat & { readonly wallMs: number }) | undefined {
  const [, unit, machine, token, seconds] = /^(\S+) (\S+) (\d+|-) (\d+\.\d+)$/.exec(line) ?? [];
  if (unit === undefined || machine === undefined) return undefined;
  return {
    unit,
    machine,
    token: token === undefined || token === "-" ? undefined : BigInt(token),
    wallMs: Number(seconds) * 1_000,
  };
}

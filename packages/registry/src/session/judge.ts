import type { Revision, Term, UnitName } from "@fleet/core";
import { type StoredCluster, schemaVersion } from "../codec.js";

/** A seat that was acted on, as it must still be there. */
export interface RememberedSeat {
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

/** A seat that etcd has, of a unit whose seat or tombstone is remembered. */
export interface FoundSeat extends RememberedSeat {
  /** The number of the term that wrote it last; absent if the record cannot be read. */
  readonly termN: number | undefined;
}

/** A state of disbelief that outlives the process. */
export interface RememberedFreeze {
  /** Names this freeze, so that an operator can accept it and no other. */
  readonly nonce: string;
  readonly reason: string;
  /**
   * It ends by an operator's word only. The others end by themselves when the registry is the right one again, as it is
   * after an endpoint was mistyped.
   */
  readonly isFinal: boolean;
}

/** What a machine keeps on its disk of the registry it belongs to. */
export interface Memory {
  /** Absent on a machine that never joined. */
  readonly cluster: { readonly uuid: string; readonly epoch: string } | undefined;
  /** Names the believed history for watermarks. */
  readonly history: string | undefined;
  readonly highest: Revision;
  /** The term of the newest seat that was acted on. */
  readonly term: Term | undefined;
  /** The newest seats that were acted on and not given up since. */
  readonly seats: ReadonlyMap<UnitName, RememberedSeat>;
  /** The newest seats that were given up, each by the revision of the tombstone: what is older must not be there again, nor have gone on. */
  readonly givenUp: ReadonlyMap<UnitName, Revision>;
  readonly freeze: RememberedFreeze | undefined;
}

/** What one linearizable transaction found in etcd. */
export interface RegistryFacts {
  readonly revision: Revision;
  /** The highest revision that was known when the transaction was sent. */
  readonly highest: Revision;
  readonly cluster: StoredCluster | "unreadable" | undefined;
  /** The name of the remembered term, if etcd has one. */
  readonly termUuid: string | undefined;
  /** The machine's record is there: it was not forgotten. */
  readonly isKnown: boolean;
  /** The remembered seats, and those that were given up, as far as they are there. */
  readonly seats: ReadonlyMap<UnitName, FoundSeat>;
  /** The freeze that an operator has lifted. */
  readonly accept: string | undefined;
  /** What another part of this process holds against etcd. */
  readonly distrust: string | undefined;
}

/**
 * `believed`: go on; `anew`: go on, and forget what was remembered, for an operator said so or nothing was;
 * `create`: there is no cluster yet, and this machine may begin one; `frozen`: etcd is not believed.
 */
export type Verdict =
  | { readonly kind: "believed" }
  | { readonly kind: "anew"; readonly cluster: StoredCluster; readonly history: string }
  | { readonly kind: "create" }
  | { readonly kind: "frozen"; readonly reason: string; readonly isFinal: boolean };

/**
 * Decides whether etcd is the registry that this machine knows (P6.2). One that was wiped, exchanged or restored is
 * not, also when it has overtaken the remembered revision meanwhile: then the seats that the machine acted on, or the
 * term that wrote them, are missing or are others.
 */
export function judgeRegistry(memory: Memory, facts: RegistryFacts): Verdict {
  const { cluster } = facts;
  if (cluster === "unreadable") return frozen("its identity is unreadable");
  if (cluster !== undefined && cluster.schemaVersion > schemaVersion) {
    return frozen(`it has layout ${cluster.schemaVersion}, and this fleetd knows up to ${schemaVersion}`);
  }
  const isAccepted = memory.freeze !== undefined && facts.accept === memory.freeze.nonce;
  // A machine that lost its memory is not a new one.
  if (memory.freeze?.isFinal === true && !isAccepted && !isSuperseded(memory, cluster)) {
    return { kind: "frozen", reason: memory.freeze.reason, isFinal: true };
  }
  if (memory.cluster === undefined || isAccepted) {
    if (cluster === undefined) return { kind: "create" };
    const suffix = isAccepted ? `+${memory.freeze.nonce}` : "";
    return { kind: "anew", cluster, history: cluster.epoch + suffix };
  }
  if (cluster === undefined) {
    return frozen(`it holds no cluster, but this machine belongs to cluster ${memory.cluster.uuid}`);
  }
  if (cluster.epoch !== memory.cluster.epoch) return judgeEpoch(memory.cluster, cluster);
  const problem = pastProblem(memory, facts);
  return problem === undefined ? { kind: "believed" } : { kind: "frozen", reason: problem, isFinal: true };
}

function isSuperseded({ cluster }: Memory, found: StoredCluster | undefined): boolean {
  return cluster !== undefined && found?.supersedes.includes(cluster.epoch) === true;
}

function judgeEpoch(remembered: NonNullable<Memory["cluster"]>, cluster: StoredCluster): Verdict {
  if (cluster.supersedes.includes(remembered.epoch)) {
    return { kind: "anew", cluster, history: cluster.epoch };
  }
  return cluster.uuid === remembered.uuid
    ? frozen(`it is in epoch ${cluster.epoch}, which does not continue ${remembered.epoch}`)
    : frozen(`it is cluster ${cluster.uuid}, but this machine belongs to cluster ${remembered.uuid}`);
}

function pastProblem(memory: Memory, facts: RegistryFacts): string | undefined {
  if (facts.revision < facts.highest) {
    return `it is at revision ${facts.revision}, but was at ${facts.highest} before: it was restored`;
  }
  const { term } = memory;
  if (term !== undefined && facts.termUuid !== term.uuid) {
    return `it does not know term ${term.n}, by which this machine acted: it was restored and went on`;
  }
  // A machine that was forgotten has no seats, and nothing that could be wrong about them.
  if (facts.isKnown) {
    for (const [unit, remembered] of memory.seats) {
      const found = facts.seats.get(unit);
      const isThere =
        found?.createRevision === remembered.createRevision && found.modRevision >= remembered.modRevision;
      if (!isThere) return `it does not know the seat of ${unit}, which this machine took: it was restored`;
    }
  }
  for (const [unit, tombstone] of memory.givenUp) {
    const found = facts.seats.get(unit);
    if (found !== undefined && isBackAgain(found, tombstone, term))
      return `it has the seat of ${unit} that was taken from this machine: it was restored and went on`;
  }
  // After a freeze that was not final the doubts of then are answered by the checks above.
  return memory.freeze === undefined ? facts.distrust : undefined;
}

/**
 * Whether a seat is the one that the tombstone ended. A tombstone is acknowledged and deleted, and what comes then was created
 * later (P3.5): nobody writes to the old seat any more. Who mends a spoiled tombstone by hand writes what was there, of a term
 * that was known then; so a later term tells that another history has gone on with the seat.
 */
function isBackAgain(found: FoundSeat, tombstone: Revision, term: Term | undefined): boolean {
  if (found.modRevision < tombstone) return true;
  return found.createRevision < tombstone && (found.termN ?? 0) > (term?.n ?? 0);
}

function frozen(reason: string): Verdict {
  return { kind: "frozen", reason, isFinal: false };
}

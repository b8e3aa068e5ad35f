import { keyOf, seatOf, unitOf } from "../truth/records.js";
import type { RecordChange } from "../truth/truth.js";
import { type Acknowledgement, contentOf, type UserRequest } from "../users/users.js";
import type { World } from "../world.js";
import type { Checker } from "./checker.js";

/**
 * I1, nothing is lost. Checks, in etcd's own history:
 * - what a user was told was done is there, at the revision that the answer named, and is what was asked for;
 * - a unit's record changes only while somebody's request for exactly that unit is with the server that writes it (or by an
 *   operator with etcdctl): so between two requests it stands, whatever crashes;
 * - who asks for another state alone leaves the content as it was: nobody writes what was decided from an older record (P2.1);
 * - a record is deleted together with putting the mark that licenses unseating the unit (P2.3);
 * - the text that a record names is in etcd together with it, and is never deleted while a record or a seat names it.
 * What a restored or wiped etcd has lost is the backup's loss, not fleet's: acknowledgements are held against the history
 * in which they were given.
 */
export function nothingLost(world: World): Checker {
  const invariant = "I1";
  const { truth, users } = world;
  const fail = (what: string): void => world.fail(invariant, what);

  const checkWriter = ({ before, after, parts }: RecordChange): void => {
    const unit = parts[1] ?? "";
    if (after.origin.kind === "operator") return;
    const asked = [...users.pending].flatMap(({ request, process }) =>
      process === after.origin.who && "unit" in request && request.unit === unit ? [request] : [],
    );
    if (asked.length === 0) {
      fail(`the record of ${unit} was changed at ${after.revision} by ${after.origin.who}, for nobody`);
    }
    const record = unitOf(after);
    const mayChangeText = asked.some(({ kind }) => kind === "submit" || kind === "destroy");
    const old = unitOf(before)?.contentId;
    if (!mayChangeText && old !== undefined && record?.contentId !== old) {
      fail(`the text of ${unit} went back at ${after.revision}, which nobody has asked for`);
    }
    const mark = truth.history.current(keyOf.mark(unit));
    if (after.value === undefined && mark?.revision !== after.revision) {
      fail(`${unit} was destroyed at ${after.revision} without a mark`);
    }
    // Somebody may have put back by hand a record whose text nobody needed any more: who changes its state alone keeps that.
    const isText = record !== undefined && record.contentId !== old;
    if (isText && truth.history.current(keyOf.text(record.contentId)) === undefined) {
      fail(`the record of ${unit} names a text that is not in etcd (${record.contentId.slice(0, 8)})`);
    }
  };

  const checkTextDeleted = (contentId: string): void => {
    for (const unit of truth.units()) {
      const record = unitOf(truth.history.current(keyOf.unit(unit)));
      if (record?.contentId === contentId) fail(`the text of ${unit} was deleted while its record names it`);
    }
    for (const [machine, unit] of truth.seats()) {
      const seat = seatOf(truth.history.current(keyOf.seat(machine, unit)));
      if (seat?.contentId === contentId) fail(`the text of ${unit} was deleted while a seat names it`);
    }
  };

  const problemIn = ({ request, outcome }: Acknowledgement, unit: string, branch: number) => {
    const { revision, effect } = outcome;
    const version = truth.history
      .all(keyOf.unit(unit))
      .findLast((candidate) => candidate.branch <= branch && candidate.revision <= revision);
    // Of an end whose answer was lost only the unit's absence may be left to see, at some later revision.
    const isItsRevision = request.kind === "destroy" ? version !== undefined : version?.revision === revision;
    return problemOf(request, unitOf(version), isItsRevision || effect === "unchanged");
  };

  return {
    invariant,
    onRecord: (change) => {
      const [area, name] = change.parts;
      if (area === "units") checkWriter(change);
      if (area === "unit-files" && change.after.value === undefined) checkTextDeleted(name ?? "");
    },
    onAcknowledged: (acknowledgement: Acknowledgement) => {
      const { request, outcome, branch, askedIn } = acknowledgement;
      if (!("unit" in request) || branch !== truth.branch) return;
      // An answer may come when etcd has gone back to before it was true.
      const problems = Array.from({ length: branch - askedIn + 1 }, (_, index) =>
        problemIn(acknowledgement, request.unit, askedIn + index),
      );
      if (problems.includes(undefined)) return;
      fail(`${request.kind} ${request.unit} was acknowledged at ${outcome.revision}, but ${problems.at(-1)}`);
    },
  };
}

function problemOf(
  request: UserRequest,
  record: ReturnType<typeof unitOf>,
  isItsRevision: boolean,
): string | undefined {
  if (!isItsRevision) return "nothing was written then";
  if (request.kind === "destroy") return record === undefined ? undefined : "the record is there";
  if (record === undefined) return "there is no record";
  if (request.kind === "submit" && record.contentId !== contentOf(request.text).contentId)
    return "with another text";
  if (request.kind === "restart")
    return record.desiredState === "launched" ? undefined : "it is not launched";
  if (request.kind !== "submit" && request.kind !== "set") return undefined;
  return record.desiredState === request.state ? undefined : `it is ${record.desiredState}`;
}

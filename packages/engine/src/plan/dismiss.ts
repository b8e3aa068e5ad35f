import type { Revision } from "@fleet/core";
import { type Planning, unseating } from "./planning.js";
import type { Subject } from "./subject.js";

/**
 * Takes away the seats that nobody wants, on the evidence of a record that says so or of a mark that is younger than the
 * seat. The absence of a record is no evidence: such seats stay, and are remarked upon.
 */
export function dismissUnwanted(p: Planning): void {
  for (const subject of p.world.subjects.values()) {
    const destroyedAt = destroyedSince(p, subject);
    if (subject.kind !== "unreadable" && subject.claims.length > 0) dismiss(p, subject, destroyedAt);
    if (subject.kind === "recordless") remarkOn(p, subject);
    if (subject.kind === "unreadable") remarkOnText(p, subject);
  }
}

/** The revision of the mark: seats and copies older than it are of a unit that was destroyed. 0 without a mark. */
export function destroyedSince(p: Planning, subject: Subject): Revision {
  return p.world.view.destroyed.get(subject.name)?.modRevision ?? 0;
}

function dismiss(p: Planning, subject: Subject, destroyedAt: Revision): void {
  const kept = [];
  for (const claim of subject.claims) {
    if (claim.seat.createRevision < destroyedAt) {
      p.unseatings.push(unseating(subject, claim, "destroyed", "the unit was destroyed"));
    } else if (subject.kind === "unwanted") {
      p.unseatings.push(unseating(subject, claim, "inactive", "desired state inactive"));
    } else {
      kept.push(claim);
    }
  }
  subject.claims = kept;
}

function remarkOn(p: Planning, subject: Subject): void {
  for (const { place } of subject.claims) {
    p.remarks.push({
      unit: subject.name,
      machine: place.id,
      reason: `has a seat on ${place.id} but no record, and nothing says that it was destroyed: left as it is`,
      failed: [],
    });
  }
}

/** A record that was put back by hand may name a text that nobody needed meanwhile, and that was collected. */
function remarkOnText(p: Planning, { name, unit }: Subject): void {
  if (unit === undefined || unit.content !== undefined || unit.desiredState === "inactive") return;
  if (p.world.view.unreadableUnits.has(name)) return;
  const reason =
    "its unit file is missing from etcd or cannot be read: left as it is until it is submitted again";
  p.remarks.push({ unit: name, reason, failed: [] });
}

import type { UnitName } from "@fleet/core";
import type { Draft } from "../draft.js";
import type { Place } from "../place.js";
import type { Subject } from "../subject.js";
import { type Check, objection } from "./check.js";

/** A unit runs only where all the units it follows have seats. */
export const machineOf: Check = {
  name: "machine-of",
  passes: (subject, place, draft) => missingPeer(subject, place, draft) === undefined,
  explain: (subject, place, draft) => {
    const name = missingPeer(subject, place, draft) ?? "";
    const peer = subject.peers.find((candidate) => candidate.name === name);
    if (peer === undefined) return objection(`without its peer "${name}", which does not exist`);
    if (peer.kind === "unwanted") return objection(`without its peer ${name}, which is inactive`);
    return objection(`without its peer ${name}`);
  },
};

function missingPeer(subject: Subject, place: Place, draft: Draft): UnitName | string | undefined {
  if (subject.peerNames.length === 0) return undefined;
  return subject.peerNames.find((name) => {
    const peer = subject.peers.find((candidate) => candidate.name === name);
    return peer === undefined || !draft.hasSeat(peer, place);
  });
}

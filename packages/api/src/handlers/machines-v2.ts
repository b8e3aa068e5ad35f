import { type ClusterView, type Machine, type MachineId, parseMachineId } from "@fleet/core";
import type { AcceptOutcome } from "@fleet/core/ports";
import { type Answer, jsonAnswer } from "../answer.js";
import { answerFromView } from "../conditional.js";
import { listAnswer } from "../list-answer.js";
import { toMachineV2 } from "../machine-entity.js";
import { cutPage } from "../page.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";

/** `GET machines`: a page of the machines that are known, by id; with `ids`, of those alone. */
export const listMachinesV2: Handler = async (services, request, signal) => {
  const { access, clock, tokenLimit } = services;
  const tokens = request.query.getAll("nextPageToken");
  cutPage([], String, tokens, tokenLimit);
  const view = await access.view(request.revisionMin, signal);
  const ids = request.query.get("ids")?.split(",");
  return answerFromView(services, request, view, () => {
    const { items, nextPageToken } = cutPage(knownMachines(view, ids), ({ id }) => id, tokens, tokenLimit);
    const machines = items.map((machine) => toMachineV2(view, machine));
    return listAnswer({ machines, nextPageToken }, clock, signal);
  });
};

function knownMachines(view: ClusterView, ids: readonly string[] | undefined): readonly Machine[] {
  const wanted = ids === undefined ? undefined : new Set(ids);
  return [...view.machines.values()]
    .filter(({ id, known, presence, unreadable }) => {
      const isThere = known || presence !== undefined || unreadable !== undefined;
      return isThere && (wanted === undefined || wanted.has(id));
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** `POST accept`: all machines believe the present registry, in a new epoch. */
export const acceptAll: Handler = async ({ units }, _request, signal) =>
  acceptAnswer(await units.accept(undefined, signal));

/** `POST accept/<machine>`: one machine believes the present registry. */
export const acceptMachine: Handler = async ({ units }, request, signal) =>
  acceptAnswer(await units.accept(parseMachineId(request.name), signal));

/** `DELETE machines/<id>`: a machine that will not come back is forgotten, with its seats. */
export const forgetMachine: Handler = async ({ access, units }, request, signal) => {
  const machine: MachineId = parseMachineId(request.name);
  const outcome = await units.forgetMachine(machine, signal);
  access.noteWrite(outcome.revision);
  const { effect, revision } = outcome;
  return jsonAnswer({ effect, revision }, revisionHeader(revision));
};

/**
 * The server's own later reads are not held to the revision of an acceptance: the registry may have gone back in time,
 * and which revision counts is only then settled.
 */
function acceptAnswer({ effect, revision, stillFrozen }: AcceptOutcome): Answer {
  return jsonAnswer({ effect, revision, stillFrozen }, revisionHeader(revision));
}

import { type MachineId, parseMachineId } from "@fleet/core";
import type { WriteOutcome } from "@fleet/core/ports";
import { type Answer, jsonAnswer } from "../answer.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";

/** `POST accept`: all machines believe the present registry, in a new epoch. */
export const acceptAll: Handler = async ({ units }, _request, signal) =>
  answerOf(await units.accept(undefined, signal));

/** `POST accept/<machine>`: one machine believes the present registry. */
export const acceptMachine: Handler = async ({ units }, request, signal) =>
  answerOf(await units.accept(parseMachineId(request.name), signal));

/** `DELETE machines/<id>`: a machine that will not come back is forgotten, with its seats. */
export const forgetMachine: Handler = async ({ access, units }, request, signal) => {
  const machine: MachineId = parseMachineId(request.name);
  const outcome = await units.forgetMachine(machine, signal);
  access.noteWrite(outcome.revision);
  return answerOf(outcome);
};

/**
 * The server's own later reads are not held to the revision of an acceptance: the registry may have gone back in time,
 * and which revision counts is only then settled.
 */
function answerOf({ effect, revision }: WriteOutcome): Answer {
  return { ...jsonAnswer({ effect, revision }), headers: revisionHeader(revision) };
}

import type { UnitPutAnswerV2 } from "@fleet/client";
import { FleetError, type MachineId, parseUnitName, type UnitName } from "@fleet/core";
import { HttpError, jsonAnswer } from "../answer.js";
import { answerFromView } from "../conditional.js";
import { decodeObject } from "../decode-proposal.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler, Services } from "../services.js";
import { unitDoesNotExist } from "../unit-does-not-exist.js";
import { toUnitV2 } from "../unit-entity.js";
import { changeOf, readPut } from "../unit-put-v2.js";

/** `GET /fleet/v2/units/<name>`: the unit with its exact text, its places and its states. */
export const getUnitV2: Handler = async (services, request, signal) => {
  const name = request.name as UnitName;
  const view = await services.access.viewWith([name], request.revisionMin, signal);
  if (!view.units.has(name) && !view.unreadableUnits.has(name)) throw unitDoesNotExist(view.revision);
  return answerFromView(services, request, view, () => jsonAnswer(toUnitV2(view, name)));
};

/** `PUT /fleet/v2/units/<name>`: creates or changes a unit from its exact text. Repeating it changes nothing. */
export const putUnitV2: Handler = async (services, request, signal) => {
  const { access, units } = services;
  const name = parseUnitName(request.name);
  const put = readPut(decodeObject(await request.readBody(signal)));
  if (put.machine !== undefined) await requireInstance(services, name, put.machine, signal);
  const decide = changeOf(name, put);
  let isNewContent = false;
  const outcome = await units.changeUnit(
    name,
    (current) => {
      const change = decide(current);
      isNewContent = change.content !== undefined && change.content.contentId !== current?.contentId;
      return change;
    },
    signal,
  );
  access.noteWrite(outcome.revision);
  const answer: UnitPutAnswerV2 = { effect: outcome.effect, name, revision: outcome.revision };
  return { ...jsonAnswer(answer, revisionHeader(outcome.revision)), status: isNewContent ? 201 : 200 };
};

/**
 * Insists on a global unit and a known machine, as the cluster is now: the unit may just have come in by another server.
 * @throws {HttpError} 404; {@link FleetError} `conflict` for a unit that is not global.
 */
async function requireInstance(
  { access }: Services,
  name: UnitName,
  machine: MachineId,
  signal: AbortSignal,
): Promise<void> {
  const view = await access.currentView(signal);
  const unit = view.units.get(name);
  if (unit === undefined) throw unitDoesNotExist();
  if (unit.requirements?.global !== true) {
    throw new FleetError("conflict", `unit ${name} is not global: it has no instances on machines`, {
      hint: "leave the machine out",
    });
  }
  if (!view.machines.has(machine)) throw new HttpError(404, `there is no machine ${machine}`);
}

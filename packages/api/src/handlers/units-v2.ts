import type { UnitPutAnswerV2 } from "@fleet/client";
import {
  FleetError,
  type MachineId,
  parseMachineId,
  parseUnitName,
  type UnitContent,
  type UnitName,
  type UnitRecord,
  unitContentFromText,
  validateUnit,
} from "@fleet/core";
import type { UnitChange } from "@fleet/core/ports";
import { HttpError, jsonAnswer } from "../answer.js";
import { answerFromView } from "../conditional.js";
import { decodeJson, isJsonObject } from "../json.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler, Services } from "../services.js";
import { refuseActiveTemplate } from "../unit-decision.js";
import { unitDoesNotExist } from "../unit-does-not-exist.js";
import { toUnitV2 } from "../unit-entity.js";
import { decodeDesiredState } from "../unit-put-v1.js";

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
  const put = decodePut(await request.readBody(signal));
  if (put.machine !== undefined) await requireInstance(services, name, put.machine, signal);
  const content = put.text === undefined ? undefined : unitContentFromText(put.text);
  if (content !== undefined) validateUnit(name, content.options);
  let isNewContent = false;
  const outcome = await units.changeUnit(
    name,
    (current) => {
      const change = decide(name, put, content, current);
      isNewContent = change.content !== undefined && change.content.contentId !== current?.contentId;
      return change;
    },
    signal,
  );
  access.noteWrite(outcome.revision);
  const answer: UnitPutAnswerV2 = { effect: outcome.effect, name, revision: outcome.revision };
  return { ...jsonAnswer(answer, revisionHeader(outcome.revision)), status: isNewContent ? 201 : 200 };
};

interface Put {
  readonly text: string | undefined;
  readonly desiredState: ReturnType<typeof decodeDesiredState>;
  readonly replace: boolean;
  readonly restart: boolean;
  readonly machine: MachineId | undefined;
}

function decide(
  name: UnitName,
  put: Put,
  content: UnitContent | undefined,
  current: UnitRecord | undefined,
): UnitChange {
  if (current === undefined && content === undefined) throw unitDoesNotExist();
  if (current === undefined && content?.options.length === 0) {
    throw new FleetError("invalid-argument", "the unit file is empty", {
      hint: "a unit needs at least one option in a section",
    });
  }
  if (current !== undefined && content !== undefined && content.hash !== current.hash && !put.replace) {
    throw new FleetError("conflict", `unit ${name} exists and says something else`, {
      hint: "replace it, or destroy it first",
    });
  }
  if (put.machine !== undefined) return decideInstance(name, put.machine, put, current);
  const desiredState = put.desiredState ?? current?.desiredState ?? "inactive";
  refuseActiveTemplate(name, desiredState);
  const restart = put.restart && current?.desiredState === "launched" && desiredState === "launched";
  // A text that only differs in comments takes the other's place on request. The same text goes along, too, so that one
  // that was lost from the registry is there again.
  const isSameText = content?.contentId === current?.contentId;
  const taken = content !== undefined && (current === undefined || put.replace || isSameText);
  return {
    ...(taken ? { content } : {}),
    ...(put.desiredState === undefined ? { keepsInstances: true } : {}),
    desiredState,
    ...(restart ? { restart } : {}),
  };
}

function decideInstance(
  name: UnitName,
  machine: MachineId,
  { desiredState = "launched", restart }: Put,
  current: UnitRecord | undefined,
): UnitChange {
  if (current?.desiredState === "launched") return { desiredState, machine, restart };
  throw new FleetError("conflict", `unit ${name} is wanted ${current?.desiredState} on all of its machines`, {
    hint: "start it as a whole first",
  });
}

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

function decodePut(body: string): Put {
  const decoded = decodeJson(body);
  if ("problem" in decoded) throw new HttpError(400, `unable to decode body: ${decoded.problem}`);
  const put = decoded.value;
  if (!isJsonObject(put)) throw new HttpError(400, "unable to decode body: expected an object");
  const { text, desiredState = "", replace = false, restart = false, machineID, ...others } = put;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) {
    throw new HttpError(400, `unable to decode body: unknown field ${JSON.stringify(stranger)}`, {
      hint: "the fields are text, desiredState, replace, restart and machineID",
    });
  }
  if (text !== undefined && typeof text !== "string") throw wrongField("text", "a string");
  if (typeof desiredState !== "string") throw wrongField("desiredState", "a string");
  if (typeof replace !== "boolean") throw wrongField("replace", "true or false");
  if (typeof restart !== "boolean") throw wrongField("restart", "true or false");
  const state = decodeDesiredState(desiredState);
  if (machineID === undefined) return { text, desiredState: state, replace, restart, machine: undefined };
  if (typeof machineID !== "string") throw wrongField("machineID", "a string");
  if (text !== undefined || replace || state === "inactive") {
    throw new HttpError(400, "machineID goes with desiredState loaded or launched, and with restart", {
      hint: "text and inactive are for the unit as a whole",
    });
  }
  return { text, desiredState: state, replace, restart, machine: parseMachineId(machineID) };
}

function wrongField(name: string, expected: string): HttpError {
  return new HttpError(400, `unable to decode body: ${name} must be ${expected}`);
}

import type { UnitV1 } from "@fleet/client";
import {
  isFleetError,
  parseUnitName,
  type UnitName,
  unitContentFromOptions,
  unitNameProblem,
} from "@fleet/core";
import { type Answer, HttpError, jsonAnswer } from "../answer.js";
import { answerFromView } from "../conditional.js";
import { listAnswer } from "../list-answer.js";
import { cutPage } from "../page.js";
import { placesIn } from "../places.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";
import { type Decision, decideUnitPut, type Wish } from "../unit-decision.js";
import { unitDoesNotExist } from "../unit-does-not-exist.js";
import { toUnitV1 } from "../unit-entity.js";
import { decodeUnitPut, requireJson } from "../unit-put-v1.js";

/**
 * The client library of the original's fleetctl. That program replaces a unit without naming a state and then waits
 * until it is inactive; it would wait for ever if the state were kept.
 */
const originalClient = /^google-api-go-client\//;

/** `GET units`: a page of all units, by name. */
export const listUnits: Handler = async (services, request, signal) => {
  const { access, clock, sorted, tokenLimit } = services;
  // Tokens are checked before the registry is asked, so that a bad one is a 400 whatever the registry's state.
  const tokens = request.query.getAll("nextPageToken");
  cutPage([], String, tokens, tokenLimit);
  const view = await access.view(request.revisionMin, signal);
  return answerFromView(services, request, view, () => {
    const { items, nextPageToken } = cutPage(sorted.names(view), (name) => name, tokens, tokenLimit);
    const places = placesIn(view, items.length);
    const entries: readonly UnitV1[] = items.map((name) => toUnitV1(view, name, places));
    return listAnswer({ units: entries, nextPageToken }, clock, signal);
  });
};

/** `GET units/<name>`. */
export const getUnit: Handler = async (services, request, signal) => {
  const name = request.name as UnitName;
  const view = await services.access.viewWith([name], request.revisionMin, signal);
  if (!view.units.has(name) && !view.unreadableUnits.has(name)) throw unitDoesNotExist(view.revision);
  return answerFromView(services, request, view, () => jsonAnswer(toUnitV1(view, name)));
};

/** `PUT units/<name>`: 201 for new content, 204 for a new state. */
export const putUnit: Handler = async ({ access, units }, request, signal): Promise<Answer> => {
  requireJson(request.contentTypes);
  const wish = wishOf(request.name, await request.readBody(signal), request.userAgent);
  let decision: Decision | undefined;
  const outcome = await units.changeUnit(
    wish.name,
    (current) => {
      decision = decideUnitPut(wish, current);
      return decision.change;
    },
    signal,
  );
  access.noteWrite(outcome.revision);
  return { status: decision?.isNewContent ? 201 : 204, headers: revisionHeader(outcome.revision) };
};

/** `DELETE units/<name>`. A name that no unit can have does not exist, like any other. */
export const deleteUnit: Handler = async ({ access, units }, request, signal) => {
  if (unitNameProblem(request.name) !== undefined) throw unitDoesNotExist();
  try {
    const outcome = await units.destroyUnit(parseUnitName(request.name), signal);
    access.noteWrite(outcome.revision);
    return { status: 204, headers: revisionHeader(outcome.revision) };
  } catch (error) {
    throw isFleetError(error, "not-found") ? unitDoesNotExist() : error;
  }
};

function wishOf(pathName: string, body: string, userAgent: string): Wish {
  const put = decodeUnitPut(body);
  if (put.name !== "" && put.name !== pathName) {
    throw new HttpError(
      400,
      `name in URL ${JSON.stringify(pathName)} differs from unit name in request body ${JSON.stringify(put.name)}`,
    );
  }
  return {
    name: parseUnitName(pathName),
    content: put.options.length === 0 ? undefined : unitContentFromOptions(put.options),
    desiredState: put.desiredState,
    stateWhenReplaced: originalClient.test(userAgent) ? "inactive" : "kept",
  };
}

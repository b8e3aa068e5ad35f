import type { UnitStatePageV1 } from "@fleet/client";
import type { UnitName, UnitState } from "@fleet/core";
import { HttpError, jsonAnswer } from "../answer.js";
import { cutPage } from "../page.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";
import { stateKey } from "../sorted-view.js";
import { isStateV1, statesOf, toStateV1 } from "../state-entity.js";
import { toUnitV1 } from "../unit-entity.js";

/** `GET state`: a page of all states that the filters let through, by unit, then by machine. */
export const listStates: Handler = async ({ access, sorted, tokenLimit }, request, signal) => {
  const tokens = request.query.getAll("nextPageToken");
  cutPage([], String, tokens, tokenLimit);
  const view = await access.view(request.revisionMin, signal);
  const isWanted = stateFilter(request.query);
  const states = isWanted === undefined ? sorted.states(view) : sorted.states(view).filter(isWanted);
  const { items, nextPageToken } = cutPage(states, stateKey, tokens, tokenLimit);
  const page: UnitStatePageV1 = {
    states: items.map(toStateV1),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
  return jsonAnswer(page, revisionHeader(view.revision));
};

/**
 * `GET state/<name>`: one state. Of several, that on the unit's own machine, else that on the first machine by id;
 * `?machineID=` picks one.
 */
export const getState: Handler = async ({ access }, request, signal) => {
  const view = await access.view(request.revisionMin, signal);
  const name = request.name as UnitName;
  const wantedMachine = request.query.get("machineID") ?? "";
  const states = statesOf(view, name).filter(
    (state) => isStateV1(state) && (wantedMachine === "" || state.machine === wantedMachine),
  );
  const home = toUnitV1(view, name).machineID;
  const state = states.find(({ machine }) => machine === home) ?? states[0];
  if (state === undefined) throw new HttpError(404, "unit state does not exist");
  return jsonAnswer(toStateV1(state), revisionHeader(view.revision));
};

/** Only the first of a repeated parameter counts, and an empty one does not restrict. */
function stateFilter(query: URLSearchParams): ((state: UnitState) => boolean) | undefined {
  const machine = query.get("machineID") ?? "";
  const unit = query.get("unitName") ?? "";
  if (machine === "" && unit === "") return undefined;
  return (state) => (machine === "" || state.machine === machine) && (unit === "" || state.unit === unit);
}

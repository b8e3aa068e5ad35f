import type { ClusterView, MachineId, UnitName, UnitState } from "@fleet/core";
import { HttpError, jsonAnswer } from "../answer.js";
import { answerFromView } from "../conditional.js";
import { listAnswer } from "../list-answer.js";
import { cutPage } from "../page.js";
import { placesIn } from "../places.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler, Services } from "../services.js";
import { stateKey } from "../sorted-view.js";
import { isStateV1, toStateV1 } from "../state-entity.js";
import { toUnitV1 } from "../unit-entity.js";

/** `GET state`: a page of all states that the filters let through, by unit, then by machine. */
export const listStates: Handler = async (services, request, signal) => {
  const { access, clock, tokenLimit } = services;
  const tokens = request.query.getAll("nextPageToken");
  cutPage([], String, tokens, tokenLimit);
  const view = await access.view(request.revisionMin, signal);
  return answerFromView(services, request, view, () => {
    const states = filteredStates(services, view, request.query);
    const { items, nextPageToken } = cutPage(states, stateKey, tokens, tokenLimit);
    return listAnswer({ states: items.map(toStateV1), nextPageToken }, clock, signal);
  });
};

/**
 * `GET state/<name>`: one state. Of several, that on the unit's own machine, else that on the first machine by id;
 * `?machineID=` picks one.
 */
export const getState: Handler = async (services, request, signal) => {
  const view = await services.access.view(request.revisionMin, signal);
  const name = request.name as UnitName;
  const wantedMachine = request.query.get("machineID") ?? "";
  const states = placesIn(view, 1)
    .statesOf(name)
    .filter((state) => isStateV1(state) && (wantedMachine === "" || state.machine === wantedMachine));
  const home = toUnitV1(view, name).machineID;
  const state = states.find(({ machine }) => machine === home) ?? states[0];
  if (state === undefined) {
    throw new HttpError(404, "unit state does not exist", { headers: revisionHeader(view.revision) });
  }
  return answerFromView(services, request, view, () => jsonAnswer(toStateV1(state)));
};

/** Only the first of a repeated parameter counts, and an empty one does not restrict. */
function filteredStates(
  { sorted }: Services,
  view: ClusterView,
  query: URLSearchParams,
): readonly UnitState[] {
  const machine = (query.get("machineID") ?? "") as MachineId;
  const unit = (query.get("unitName") ?? "") as UnitName;
  const isWanted = (state: UnitState): boolean =>
    isStateV1(state) && (machine === "" || state.machine === machine);
  if (unit !== "") return placesIn(view, 1).statesOf(unit).filter(isWanted);
  return machine === "" ? sorted.states(view) : sorted.states(view).filter(isWanted);
}

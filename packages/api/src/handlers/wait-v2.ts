import type { WaitAnswerV2 } from "@fleet/client";
import { type ClusterView, FleetError, isFleetError, type Revision, type UnitName } from "@fleet/core";
import { type Answer, HttpError } from "../answer.js";
import { listAnswer } from "../list-answer.js";
import { placesIn } from "../places.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler, Services } from "../services.js";
import { toStateV2 } from "../state-entity.js";
import { withTimeLimit } from "../time-limit.js";
import { toUnitStatusV2 } from "../unit-entity.js";

/** The longest that an answer is held back; proxies and time limits like to know that something is alive. */
const waitMsMax = 60_000;
const waitMsDefault = 30_000;
/** The most units of one request. */
const unitsMax = 100_000;

/** `GET /fleet/v2/wait`: answers as soon as there is news of the named units, or when the time is up. */
export const waitForUnits: Handler = async (services, request, signal) => {
  const query = parseQuery(request.query);
  const release = services.replica.hold();
  try {
    return await waitForNews(services, query, request.revisionMin, signal);
  } finally {
    release();
  }
};

interface Query {
  readonly names: readonly UnitName[];
  readonly after: Revision;
  readonly timeoutMs: number;
}

async function waitForNews(
  services: Services,
  { names, after, timeoutMs }: Query,
  revisionMin: Revision,
  signal: AbortSignal,
): Promise<Answer> {
  const { access, clock, tracker } = services;
  const deadline = clock.monotonic() + timeoutMs;
  // `after` may be newer than this server's view, if it came from another server; then there is no news yet.
  let view = await access.view(revisionMin, signal);
  let changed = tracker.changedAfter(names, after);
  while (changed.length === 0 && clock.monotonic() < deadline) {
    const isNews = await changesBefore(services, new Set(names), deadline, signal);
    view = await access.view(revisionMin, signal);
    changed = tracker.changedAfter(names, after);
    if (!isNews) break;
  }
  const answer = listAnswer(describe(view, changed), clock, signal);
  return { ...answer, headers: revisionHeader(view.revision) };
}

/** @returns `false` when the time is up. */
async function changesBefore(
  { clock, tracker }: Services,
  names: ReadonlySet<string>,
  deadline: number,
  signal: AbortSignal,
): Promise<boolean> {
  const expired = new FleetError("deadline-exceeded", "the time of this poll is up");
  try {
    await withTimeLimit(
      clock,
      deadline - clock.monotonic(),
      signal,
      () => expired,
      (limited) => tracker.next(names, limited),
    );
    return true;
  } catch (error) {
    if (isFleetError(error) && error === expired) return false;
    throw error;
  }
}

function describe(view: ClusterView, changed: readonly UnitName[]): WaitAnswerV2 {
  const isThere = (name: UnitName): boolean => view.units.has(name) || view.unreadableUnits.has(name);
  const places = placesIn(view, changed.length);
  return {
    revision: view.revision,
    missing: changed.filter((name) => !isThere(name)),
    units: changed.filter(isThere).map((name) => toUnitStatusV2(view, name, places)),
    states: changed.flatMap((name) => places.statesOf(name).map((state) => toStateV2(view, state))),
  };
}

function parseQuery(query: URLSearchParams): Query {
  const names = (query.get("units") ?? "").split(",").filter((name) => name !== "");
  if (names.length === 0) {
    throw new HttpError(400, "units must name at least one unit", { hint: "units=a.service,b.service" });
  }
  if (names.length > unitsMax) throw new HttpError(400, `units must name at most ${unitsMax} units`);
  const after = number(query, "after") ?? 0;
  if (!Number.isSafeInteger(after)) throw new HttpError(400, "after must be a revision");
  const timeoutMs = (number(query, "timeout") ?? waitMsDefault / 1000) * 1000;
  return { names: [...new Set(names)] as UnitName[], after, timeoutMs: Math.min(timeoutMs, waitMsMax) };
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) {
    throw new HttpError(400, `${name} must be a number, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}

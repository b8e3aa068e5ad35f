import type { WaitAnswerV2 } from "@fleet/client";
import { linkController } from "@fleet/client";
import { type ClusterView, FleetError, isFleetError, type Revision, type UnitName } from "@fleet/core";
import { type Answer, HttpError } from "../answer.js";
import { decodeJson, isJsonObject } from "../json.js";
import { listAnswer } from "../list-answer.js";
import { placesIn } from "../places.js";
import type { ApiRequest } from "../request.js";
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

/** The largest body: as many names as there may be, each as long as it may be. */
const bodyBytesMax = 32 * 1024 * 1024;
/** How long a client may take to say what it waits for. */
const bodyMsMax = 30_000;

/**
 * `GET /fleet/v2/wait`, and `POST` for more names than fit into a line: answers as soon as there is news of the named units,
 * or when the time is up.
 */
export const waitForUnits: Handler = async (services, request, signal) => {
  const query =
    request.method === "POST"
      ? parseBody(await readInTime(services, request, signal))
      : parseQuery(request.query);
  const release = services.replica.hold();
  try {
    return await waitForNews(services, query, request, signal);
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
  { noMore, revisionMin }: ApiRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const { access, clock, tracker } = services;
  const deadline = clock.monotonic() + timeoutMs;
  // `after` may be newer than this server's view, if it came from another server; then there is no news yet.
  const isFirstLook = after === 0;
  let view = await access.viewWith(isFirstLook ? names : [], revisionMin, signal);
  let changed = tracker.changedAfter(names, after);
  const wanted = new Set(names);
  while (changed.length === 0 && clock.monotonic() < deadline) {
    const isNews = await changesBefore(services, wanted, { deadline, noMore }, signal);
    view = await access.view(revisionMin, signal);
    changed = tracker.changedAfter(names, after);
    if (!isNews) break;
  }
  const answer = listAnswer(describe(view, changed), clock, signal);
  return { ...answer, headers: revisionHeader(view.revision) };
}

/** @returns `false` when the time is up, or the client says no more. */
async function changesBefore(
  { clock, tracker }: Services,
  names: ReadonlySet<string>,
  { deadline, noMore }: { readonly deadline: number; readonly noMore: AbortSignal },
  signal: AbortSignal,
): Promise<boolean> {
  const expired = new FleetError("deadline-exceeded", "the time of this poll is up");
  const patience = linkController(signal);
  const giveUp = (): void => patience.abort(expired);
  if (noMore.aborted) giveUp();
  noMore.addEventListener("abort", giveUp);
  try {
    await withTimeLimit(
      clock,
      deadline - clock.monotonic(),
      patience.signal,
      () => expired,
      (limited) => tracker.next(names, limited),
    );
    return true;
  } catch (error) {
    if (isFleetError(error) && error === expired) return false;
    throw error;
  } finally {
    patience.unlink();
    noMore.removeEventListener("abort", giveUp);
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
  return toQuery(names, number(query, "after"), number(query, "timeout"));
}

function toQuery(names: readonly string[], after = 0, timeoutS = waitMsDefault / 1000): Query {
  if (names.length > unitsMax) throw new HttpError(400, `units must name at most ${unitsMax} units`);
  if (!Number.isSafeInteger(after)) throw new HttpError(400, "after must be a revision");
  const timeoutMs = Math.min(timeoutS * 1000, waitMsMax);
  return { names: [...new Set(names)] as UnitName[], after, timeoutMs };
}

/** Reads the body. The time limit of requests is not for long polls, so this one has its own. */
function readInTime({ clock }: Services, request: ApiRequest, signal: AbortSignal): Promise<string> {
  const late = (): Error =>
    new FleetError("deadline-exceeded", `no complete request within ${bodyMsMax / 1000} s`);
  return withTimeLimit(clock, bodyMsMax, signal, late, (limited) => request.readBody(limited, bodyBytesMax));
}

/** Reads a `WaitRequestV2`. */
function parseBody(body: string): Query {
  const decoded = decodeJson(body);
  if ("problem" in decoded) throw new HttpError(400, `unable to decode body: ${decoded.problem}`);
  if (!isJsonObject(decoded.value)) throw new HttpError(400, "unable to decode body: expected an object");
  const { units = [], after = 0, timeout, ...others } = decoded.value;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) {
    throw new HttpError(400, `unable to decode body: unknown field ${JSON.stringify(stranger)}`, {
      hint: "the fields are units, after and timeout",
    });
  }
  const isList = Array.isArray(units) && units.every((name) => typeof name === "string" && name !== "");
  if (!isList || units.length === 0) {
    throw new HttpError(400, "units must name at least one unit", { hint: '"units": ["a.service"]' });
  }
  return toQuery(units as string[], count("after", after), count("timeout", timeout));
}

function count(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0) return value;
  throw new HttpError(400, `${name} must be a number, not ${JSON.stringify(value)}`);
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) {
    throw new HttpError(400, `${name} must be a number, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}

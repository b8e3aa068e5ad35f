import { ApiError, errorFromAnswer } from "./api-error.js";
import type { ClientClock } from "./clock.js";
import { followByPolling, followByWaiting, lookByAsking } from "./follow.js";
import { readAllPages } from "./paging.js";
import { isUnknownPath, PlannerClient } from "./planner-client.js";
import type { HttpAnswer, HttpRequest, Transport } from "./transport.js";
import type { UnitsSnapshot } from "./units-snapshot.js";
import { snapshotOf } from "./units-snapshot.js";
import type { AcceptV2, MachinePageV2, MachinePutV2, MachineV2, MachineWriteV2 } from "./wire-machines.js";
import type {
  MachinePageV1,
  MachineV1,
  MetadataOperationV1,
  UnitPageV1,
  UnitStatePageV1,
  UnitStateV1,
  UnitV1,
} from "./wire-v1.js";
import type {
  StatusV2,
  UnitPutAnswerV2,
  UnitPutV2,
  UnitsWriteAnswerV2,
  UnitsWriteV2,
  UnitV2,
  UnitWriteV2,
  WaitAnswerV2,
  WaitRequestV2,
} from "./wire-v2.js";

/** The most units of one {@link FleetClient.writeUnits}. */
export const unitsPerWrite = 1_000;
/** How long the writes of many units may take beyond the usual time for an answer. */
const manyWritesMs = 15_000;

/** Restricts a list of states; what is left out does not restrict. */
export interface StateFilter {
  readonly machineId?: string;
  readonly unitName?: string;
}

/** How to build a client. */
export interface FleetClientOptions {
  readonly transport: Transport;
  readonly clock: ClientClock;
  /** Sent as `User-Agent`; default `fleet-client`. */
  readonly userAgent?: string;
}

/**
 * Speaks to the API of a cluster.
 * Every call waits for the whole answer, throws an `ApiError` for an error answer and a `TransportError` when there is
 * none, and rejects with the signal's reason once that is aborted. A client sees its own writes, whichever server
 * answers. Against a server without the v2 API it does the same with v1 alone, as far as v1 goes.
 */
export class FleetClient {
  /** Asks why units are where they are, and what would happen if. */
  readonly planner: PlannerClient;
  readonly #transport: Transport;
  readonly #clock: ClientClock;
  readonly #userAgent: string;
  /** The newest revision this client has written at. */
  #writtenRevision = 0;
  /** Unknown until the first answer that tells. */
  #hasV2: boolean | undefined;
  /** Servers of a cluster that is being upgraded may differ: the last answer counts. */
  #lacksBulk = false;

  constructor(options: FleetClientOptions) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#userAgent = options.userAgent ?? "fleet-client";
    this.planner = new PlannerClient({
      send: async (request, signal) =>
        this.#hasV2 === false ? undefined : await this.#send(request, signal),
      parse: parseBody,
    });
  }

  /** Names the server for people. */
  get endpoint(): string {
    return this.#transport.endpoint;
  }

  /** The machines that are present, by id. */
  async listMachines(signal: AbortSignal): Promise<readonly MachineV1[]> {
    return readAllPages(
      (token) => this.#get<MachinePageV1>(v1Path("machines", { nextPageToken: token }), signal),
      (page) => page.machines,
    );
  }

  /** All units, by name. */
  async listUnits(signal: AbortSignal): Promise<readonly UnitV1[]> {
    return readAllPages(
      (token) => this.#get<UnitPageV1>(v1Path("units", { nextPageToken: token }), signal),
      (page) => page.units,
    );
  }

  /** All states that the filter lets through, by unit name, then by machine. */
  async listStates(filter: StateFilter, signal: AbortSignal): Promise<readonly UnitStateV1[]> {
    const query = { machineID: filter.machineId, unitName: filter.unitName };
    return readAllPages(
      (token) => this.#get<UnitStatePageV1>(v1Path("state", { ...query, nextPageToken: token }), signal),
      (page) => page.states,
    );
  }

  /** @returns `undefined` if there is no such unit. */
  async getUnit(name: string, signal: AbortSignal): Promise<UnitV1 | undefined> {
    return this.#getIfThere<UnitV1>(v1Path(`units/${encodeURIComponent(name)}`), signal);
  }

  /**
   * The unit with its exact text, places and states.
   * @returns `"unsupported"` from a server without the v2 API; `undefined` if there is no such unit.
   */
  async getUnitV2(name: string, signal: AbortSignal): Promise<UnitV2 | "unsupported" | undefined> {
    if (this.#hasV2 === false) return "unsupported";
    const answer = await this.#send({ method: "GET", path: v2UnitPath(name) }, signal);
    if (this.#lacksV2(answer)) return "unsupported";
    if (answer.status === 404) return undefined;
    return parseBody<UnitV2>(answer);
  }

  /**
   * Creates or changes a unit from its exact text.
   * @returns `"unsupported"`, with nothing done, from a server without the v2 API.
   */
  async putUnitV2(
    name: string,
    change: UnitPutV2,
    signal: AbortSignal,
  ): Promise<UnitPutAnswerV2 | "unsupported"> {
    if (this.#hasV2 === false) return "unsupported";
    const answer = await this.#send(
      { method: "PUT", path: v2UnitPath(name), body: JSON.stringify(change) },
      signal,
    );
    if (this.#lacksV2(answer)) return "unsupported";
    return parseBody<UnitPutAnswerV2>(answer);
  }

  /**
   * Creates, changes and destroys many units in one request, each for itself.
   * @param units - At most {@link unitsPerWrite}, none twice, and no more than some megabytes of texts.
   * @returns what became of each, in the same order; `"unsupported"`, with nothing done, from a server without it.
   */
  async writeUnits(
    units: readonly UnitWriteV2[],
    signal: AbortSignal,
  ): Promise<UnitsWriteAnswerV2 | "unsupported"> {
    if (this.#hasV2 === false || this.#lacksBulk) return "unsupported";
    const request: UnitsWriteV2 = { units };
    const body = JSON.stringify(request);
    const what = { method: "POST", path: "/fleet/v2/units", body, patienceMs: manyWritesMs } as const;
    const answer = await this.#send(what, signal);
    // Versions of v2 before this request do not know the path, though they know others.
    this.#lacksBulk = isUnknownPath(answer);
    return this.#lacksBulk ? "unsupported" : parseBody<UnitsWriteAnswerV2>(answer);
  }

  /** Creates or changes a unit from options, as the original's clients do. */
  async putUnit(name: string, unit: UnitV1, signal: AbortSignal): Promise<void> {
    const path = v1Path(`units/${encodeURIComponent(name)}`);
    requireSuccess(await this.#send({ method: "PUT", path, body: JSON.stringify(unit) }, signal));
  }

  /** @returns whether there was such a unit. */
  async destroyUnit(name: string, signal: AbortSignal): Promise<boolean> {
    const path = v1Path(`units/${encodeURIComponent(name)}`);
    const answer = await this.#send({ method: "DELETE", path }, signal);
    if (answer.status === 404) return false;
    requireSuccess(answer);
    return true;
  }

  /** Changes metadata of machines; the server refuses all operations or applies all. */
  async changeMetadata(operations: readonly MetadataOperationV1[], signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(operations);
    requireSuccess(await this.#send({ method: "PATCH", path: v1Path("machines"), body }, signal));
  }

  /**
   * Lifts the freeze of one machine, or (without one) of all, by beginning a new epoch.
   * @throws {ApiError} `not-found` if that machine is not there.
   */
  async accept(machine: string | undefined, signal: AbortSignal): Promise<AcceptV2> {
    const path =
      machine === undefined ? "/fleet/v2/accept" : `/fleet/v2/accept/${encodeURIComponent(machine)}`;
    return parseBody<AcceptV2>(await this.#send({ method: "POST", path }, signal));
  }

  /** Forgets a machine that will not come back, with its seats. @throws {ApiError} `conflict` if it is present. */
  async forgetMachine(machine: string, signal: AbortSignal): Promise<void> {
    const path = `/fleet/v2/machines/${encodeURIComponent(machine)}`;
    requireSuccess(await this.#send({ method: "DELETE", path }, signal));
  }

  /**
   * All machines that are known, present or not, by id.
   * @param ids - Only these.
   * @returns `"unsupported"` from a server without it.
   */
  async listKnownMachines(
    signal: AbortSignal,
    ids?: readonly string[],
  ): Promise<readonly MachineV2[] | "unsupported"> {
    if (this.#hasV2 === false) return "unsupported";
    const query = ids === undefined ? "" : `ids=${ids.map(encodeURIComponent).join(",")}`;
    let isSupported = true;
    const machines = await readAllPages(
      async (token): Promise<MachinePageV2> => {
        const page = token === undefined ? "" : `nextPageToken=${encodeURIComponent(token)}`;
        const parts = [page, query].filter(Boolean).join("&");
        const path = `/fleet/v2/machines${parts === "" ? "" : `?${parts}`}`;
        const answer = await this.#send({ method: "GET", path }, signal);
        isSupported = !this.#lacksV2(answer);
        return isSupported ? parseBody<MachinePageV2>(answer) : {};
      },
      (page) => page.machines,
    );
    return isSupported ? machines : "unsupported";
  }

  /** Says what is wanted of a machine. @throws {ApiError} `not-found`; `conflict` to release one that is present. */
  async putMachine(machine: string, put: MachinePutV2, signal: AbortSignal): Promise<MachineWriteV2> {
    const path = `/fleet/v2/machines/${encodeURIComponent(machine)}`;
    return parseBody<MachineWriteV2>(
      await this.#send({ method: "PUT", path, body: JSON.stringify(put) }, signal),
    );
  }

  /** What the server says of itself. @returns `"unsupported"` from a server without the v2 API. */
  async status(signal: AbortSignal): Promise<StatusV2 | "unsupported"> {
    const answer = await this.#send({ method: "GET", path: "/fleet/v2/status" }, signal);
    return this.#lacksV2(answer) ? "unsupported" : parseBody<StatusV2>(answer);
  }

  /** The named units and their states, now. Units that do not exist are not in it. */
  async look(names: readonly string[], signal: AbortSignal): Promise<UnitsSnapshot> {
    const answer = await this.#wait(names, 0, 0, signal);
    return answer === "unsupported" ? lookByAsking(this, names, signal) : snapshotOf(answer);
  }

  /**
   * Follows the named units: first as they are now, then whenever anything about them has changed. Steps in between may
   * be left out. It never ends by itself; stop iterating, or abort the signal.
   */
  async *follow(names: readonly string[], signal: AbortSignal): AsyncGenerator<UnitsSnapshot, never, void> {
    const wait = (after: number, timeoutS: number): Promise<WaitAnswerV2 | "unsupported"> =>
      this.#wait(names, after, timeoutS, signal);
    const first = await wait(0, 0);
    if (first !== "unsupported") yield* followByWaiting(first, wait);
    return yield* followByPolling(this, this.#clock, names, signal);
  }

  /** Lets go of idle connections, so that the process can end. */
  close(): void {
    this.#transport.close();
  }

  async #wait(
    names: readonly string[],
    after: number,
    timeoutS: number,
    signal: AbortSignal,
  ): Promise<WaitAnswerV2 | "unsupported"> {
    if (this.#hasV2 === false) return "unsupported";
    const query = `units=${names.map(encodeURIComponent).join(",")}&after=${after}&timeout=${timeoutS}`;
    const what: Omit<HttpRequest, "headers"> =
      query.length <= queryLengthMax
        ? { method: "GET", path: `/fleet/v2/wait?${query}` }
        : { method: "POST", path: "/fleet/v2/wait", isRead: true, body: waitBody(names, after, timeoutS) };
    const answer = await this.#send({ ...what, patienceMs: timeoutS * 1000 }, signal);
    return this.#lacksV2(answer) ? "unsupported" : parseBody<WaitAnswerV2>(answer);
  }

  async #get<T>(path: string, signal: AbortSignal): Promise<T> {
    return parseBody<T>(await this.#send({ method: "GET", path }, signal));
  }

  async #getIfThere<T>(path: string, signal: AbortSignal): Promise<T | undefined> {
    const answer = await this.#send({ method: "GET", path }, signal);
    return answer.status === 404 ? undefined : parseBody<T>(answer);
  }

  async #send(request: Omit<HttpRequest, "headers">, signal: AbortSignal): Promise<HttpAnswer> {
    const headers: Record<string, string> = { "user-agent": this.#userAgent };
    if (request.body !== undefined) headers["content-type"] = "application/json";
    const isRead = request.method === "GET" || request.isRead === true;
    if (isRead && this.#writtenRevision > 0) {
      headers["fleet-min-revision"] = String(this.#writtenRevision);
    }
    const answer = await this.#transport.request({ ...request, headers }, signal);
    const revision = Number(answer.headers["fleet-revision"] ?? 0);
    if (!isRead && Number.isSafeInteger(revision)) {
      this.#writtenRevision = Math.max(this.#writtenRevision, revision);
    }
    return answer;
  }

  #lacksV2(answer: HttpAnswer): boolean {
    if (isUnknownPath(answer)) this.#hasV2 = false;
    else if (answer.status !== 503) this.#hasV2 = true;
    return this.#hasV2 === false;
  }
}

/** What is longer than this goes into the body: servers have a limit for lines, and proxies have lower ones. */
const queryLengthMax = 16_384;

function waitBody(units: readonly string[], after: number, timeout: number): string {
  const request: WaitRequestV2 = { units, after, timeout };
  return JSON.stringify(request);
}

function v2UnitPath(name: string): string {
  return `/fleet/v2/units/${encodeURIComponent(name)}`;
}

/** The original's clients send `alt=json` with every request. */
function v1Path(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `&${name}=${encodeURIComponent(value ?? "")}`);
  return `/fleet/v1/${path}?alt=json${parts.join("")}`;
}

function requireSuccess(answer: HttpAnswer): void {
  if (answer.status < 200 || answer.status > 299) throw errorFromAnswer(answer);
}

function parseBody<T>(answer: HttpAnswer): T {
  requireSuccess(answer);
  try {
    const parsed: unknown = JSON.parse(answer.body);
    if (typeof parsed === "object" && parsed !== null) return parsed as T;
  } catch {
    // Falls through: whatever it is, it is not fleet's.
  }
  throw new ApiError(
    answer.status,
    answer.body,
    "",
    "the answer is not from a fleet API: check the endpoint",
  );
}

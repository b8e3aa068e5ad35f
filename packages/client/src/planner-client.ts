import { errorFromAnswer } from "./api-error.js";
import type { HttpAnswer, HttpRequest } from "./transport.js";
import type {
  ExplanationV2,
  ForecastV2,
  ProposalV2,
  SurvivalQuestionV2,
  SurvivalReportV2,
} from "./wire-insight.js";

/** How long the server may plan beyond the usual time for an answer; a large cluster takes seconds. */
const planningPatienceMs = 20_000;

/** How the planner is reached. */
export interface PlannerAccess {
  /** @returns `undefined` if the server is known to be without the v2 API. */
  send(request: Omit<HttpRequest, "headers">, signal: AbortSignal): Promise<HttpAnswer | undefined>;
  /** Reads the body of a successful answer. @throws {ApiError} for any other. */
  parse<T>(answer: HttpAnswer): T;
}

/** Asks the planner. Nothing is changed by it. Every call returns `"unsupported"` from a server that cannot tell. */
export class PlannerClient {
  readonly #access: PlannerAccess;

  constructor(access: PlannerAccess) {
    this.#access = access;
  }

  /**
   * Why a unit is where it is, or nowhere.
   * @throws {ApiError} `not-found` if there is no such unit, with a hint at a name that is like it.
   */
  async explain(name: string, signal: AbortSignal): Promise<ExplanationV2 | "unsupported"> {
    const path = `/fleet/v2/units/${encodeURIComponent(name)}/explain`;
    return this.#ask<ExplanationV2>({ method: "GET", path }, signal);
  }

  /** What would become of the cluster if a proposal were carried out. */
  async foresee(proposal: ProposalV2, signal: AbortSignal): Promise<ForecastV2 | "unsupported"> {
    return this.#ask<ForecastV2>(question("/fleet/v2/plan", proposal), signal);
  }

  /**
   * Which losses of machines leave units without a place, as far as one answer goes.
   * @throws {ApiError} `conflict` if the cluster is no longer what the answers before were about: begin again.
   */
  async survive(asked: SurvivalQuestionV2, signal: AbortSignal): Promise<SurvivalReportV2 | "unsupported"> {
    return this.#ask<SurvivalReportV2>(question("/fleet/v2/plan/survive", asked), signal);
  }

  async #ask<T>(request: Omit<HttpRequest, "headers">, signal: AbortSignal): Promise<T | "unsupported"> {
    const answer = await this.#access.send({ ...request, patienceMs: planningPatienceMs }, signal);
    if (answer === undefined || isUnknownPath(answer)) return "unsupported";
    return this.#access.parse<T>(answer);
  }
}

/** A path that the server does not know is answered with 404 and an empty message; ours never are. */
export function isUnknownPath(answer: HttpAnswer): boolean {
  return answer.status === 404 && errorFromAnswer(answer).message === "";
}

/** A question that needs a body is sent like a write, but is none. */
function question(path: string, body: object): Omit<HttpRequest, "headers"> {
  return { method: "POST", path, isRead: true, body: JSON.stringify(body) };
}

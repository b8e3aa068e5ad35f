import type { ForecastV2, SurvivalReportV2 } from "@fleet/client";
import { type Forecast, isFleetError, type SurvivalReport } from "@fleet/core";
import type { SurvivalRequest } from "@fleet/core/ports";
import { HttpError, jsonAnswer } from "../answer.js";
import { decodeObject, decodeProposal, refuseStrangers } from "../decode-proposal.js";
import { listAnswer } from "../list-answer.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";

/** How many moves and refusals are told of one by one. */
const toldMax = 10_000;

/** `POST /fleet/v2/plan`: what would become of the cluster if a proposal were carried out. Nothing is changed. */
export const foresee: Handler = async ({ access, clock, insight }, request, signal) => {
  const body = await request.readBody(signal);
  const view = await access.view(request.revisionMin, signal);
  const proposal = decodeProposal(body, view);
  const revisionMin = access.revisionMin(request.revisionMin);
  const forecast = await insight.foresee(view, proposal, revisionMin, signal).catch(refuseCrowds);
  const answer = listAnswer(toForecastV2(forecast), clock, signal);
  return { ...answer, headers: { ...answer.headers, ...revisionHeader(forecast.revision) } };
};

/**
 * `POST /fleet/v2/plan/survive`: which losses of machines leave units without a place, as far as a second of planning goes.
 */
export const survive: Handler = async ({ access, insight }, request, signal) => {
  const question = decodeQuestion(await request.readBody(signal));
  const view = await access.view(request.revisionMin, signal);
  const report = insight.survive(view, question);
  if (report === undefined) {
    throw new HttpError(409, "the cluster has changed since: begin again", {
      hint: "ask without a revision, from 0",
    });
  }
  return jsonAnswer(toReportV2(report), revisionHeader(report.revision));
};

/** Too many at once is no trouble with etcd, which is what the code means elsewhere. */
function refuseCrowds(error: unknown): never {
  throw isFleetError(error, "unavailable") ? new HttpError(503, error.message) : error;
}

function toForecastV2({ machines, moves, refusals, ...same }: Forecast): ForecastV2 {
  const sorted = [...refusals].sort((a, b) => Number(b.isNew) - Number(a.isNew));
  return {
    ...same,
    machines: machines.map(({ machine, ...load }) => ({ ...load, machineID: machine })),
    moves: moves.slice(0, toldMax).map(({ unit, ...move }) => ({ ...move, name: unit })),
    movesTotal: moves.length,
    refusals: sorted.slice(0, toldMax).map(({ isNew, machine, reason, unit }) => ({
      isNew,
      name: unit,
      reason,
      machineID: machine ?? "",
    })),
    refusalsTotal: refusals.length,
  };
}

function toReportV2({ fatal, ...same }: SurvivalReport): SurvivalReportV2 {
  return {
    ...same,
    fatal: fatal.map(({ machines, units, unitsTotal }) => ({ machineIDs: machines, units, unitsTotal })),
  };
}

function decodeQuestion(body: string): SurvivalRequest {
  const question = decodeObject(body);
  refuseStrangers(question, ["from", "losses", "revision"]);
  const { from = 0, losses, revision } = question;
  if (losses !== 1 && losses !== 2) throw new HttpError(400, "unable to decode body: losses must be 1 or 2");
  for (const [name, value] of Object.entries({ from, revision: revision === undefined ? 0 : revision })) {
    const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    if (!isCount) throw new HttpError(400, `unable to decode body: ${name} must be a whole number`);
  }
  return { losses, from: from as number, revision: revision as number | undefined };
}

import type { UnitsWriteAnswerV2, UnitWriteAnswerV2 } from "@fleet/client";
import {
  FleetError,
  parseUnitName,
  RegistryDistrustError,
  type UnitContent,
  unitContentFromText,
} from "@fleet/core";
import type { UnitWrite, UnitWriteResult } from "@fleet/core/ports";
import { HttpError, jsonAnswer, type Refusal, refusalIn } from "../answer.js";
import { decodeObject, refuseStrangers } from "../decode-proposal.js";
import { isTroubleWithEtcd, refusalForEtcd } from "../etcd-trouble.js";
import { isJsonObject } from "../json.js";
import { bodyBytesMax as itemBytesMax } from "../request.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler, Services } from "../services.js";
import { withTimeLimit } from "../time-limit.js";
import { changeOf, readPut } from "../unit-put-v2.js";

/** The most units of one request: their writes take etcd a second or two at worst. */
const unitsMax = 1_000;
/** The largest body: enough for as many units of a common size, and several of the largest. */
const bodyBytesMax = 8 * 1024 * 1024;
/** How long the writes may take before it is told what became of them: less than clients wait for an answer. */
const writeMsMax = 20_000;

/**
 * `POST /fleet/v2/units`: writes many units, each as its own `PUT` or `DELETE` would. What is wrong with one is said in its
 * place of the answer and keeps no other back, also when it is etcd that did not serve it; what is wrong with the request as
 * a whole refuses it.
 */
export const postUnitsV2: Handler = async (services, request, signal) => {
  const items = decode(await request.readBody(signal, bodyBytesMax));
  const read = rememberingContents();
  const answers = new Map<number, UnitWriteAnswerV2>();
  const writes: { readonly index: number; readonly write: UnitWrite }[] = [];
  for (const [index, { name, item }] of items.entries()) {
    try {
      writes.push({ index, write: toWrite(name, item, read) });
    } catch (error) {
      answers.set(index, refusal(name, error));
    }
  }
  const results = await writeInTime(
    services,
    writes.map(({ write }) => write),
    signal,
  );
  const revision = results.reduce((newest, result) => Math.max(newest, revisionOf(result)), 0);
  if (revision > 0) services.access.noteWrite(revision);
  throwIfNothingKnown(results, answers.size);
  tellLog(services, results);
  for (const [at, { index, write }] of writes.entries()) {
    const result = results[at];
    if (result === undefined) continue;
    answers.set(index, "error" in result ? refusal(write.name, result.error) : toAnswer(write, result));
  }
  const answer: UnitsWriteAnswerV2 = {
    revision,
    units: items.flatMap((_, index) => answers.get(index) ?? []),
  };
  return jsonAnswer(answer, revision > 0 ? revisionHeader(revision) : {});
};

interface Item {
  readonly name: string;
  readonly item: Readonly<Record<string, unknown>>;
}

function decode(body: string): readonly Item[] {
  const object = decodeObject(body);
  refuseStrangers(object, ["units"]);
  const { units } = object;
  if (!Array.isArray(units) || units.length === 0) {
    throw new HttpError(400, "unable to decode body: units must be a list of at least one unit", {
      hint: '"units": [{"name": "a.service", "desiredState": "launched"}]',
    });
  }
  if (units.length > unitsMax) throw new HttpError(400, `units must be at most ${unitsMax} units`);
  const names = new Set<string>();
  return units.map((unit: unknown) => {
    if (!isJsonObject(unit) || typeof unit.name !== "string") {
      throw new HttpError(400, "unable to decode body: each of the units must be an object with a name");
    }
    const { name, ...item } = unit;
    if (names.has(unit.name)) throw new HttpError(400, `unit ${unit.name} stands in the request twice`);
    names.add(unit.name);
    return { name: unit.name, item };
  });
}

/** Many units of one request have the same text. */
function rememberingContents(): (text: string) => UnitContent {
  const known = new Map<string, UnitContent>();
  return (text) => {
    const content = known.get(text) ?? unitContentFromText(text);
    known.set(text, content);
    return content;
  };
}

function toWrite(text: string, item: Item["item"], read: (text: string) => UnitContent): UnitWrite {
  const name = parseUnitName(text);
  refuseTooLarge(item);
  if (item.destroy === true) {
    refuseStrangers(item, ["destroy"]);
    return { kind: "destroy", name };
  }
  const { destroy = false, ...put } = item;
  if (destroy !== false) throw new HttpError(400, "unable to decode body: destroy must be true or false");
  if (put.machineID !== undefined) {
    throw new HttpError(400, "machineID is for the PUT of a single unit", {
      hint: "write to the unit alone",
    });
  }
  return { kind: "change", name, decide: changeOf(name, readPut(put), read) };
}

/** What its own request would not take, etcd would not take either. @throws {HttpError} 413. */
function refuseTooLarge(item: Item["item"]): void {
  const { text } = item;
  // A character is six bytes at most, as JSON.
  if (typeof text !== "string" || text.length * 6 < itemBytesMax) return;
  if (Buffer.byteLength(JSON.stringify(item)) <= itemBytesMax) return;
  throw new HttpError(413, `the unit is too large: at most ${itemBytesMax} bytes, as JSON`);
}

function revisionOf(result: UnitWriteResult): number {
  return "error" in result ? 0 : result.outcome.revision;
}

function toAnswer(
  { name }: UnitWrite,
  { outcome }: Exclude<UnitWriteResult, { error: unknown }>,
): UnitWriteAnswerV2 {
  return { name, effect: outcome.effect, revision: outcome.revision };
}

function writeInTime(
  { clock, units }: Services,
  writes: readonly UnitWrite[],
  signal: AbortSignal,
): Promise<readonly UnitWriteResult[]> {
  const late = (): Error => new FleetError("deadline-exceeded", `not written within ${writeMsMax / 1000} s`);
  return withTimeLimit(clock, writeMsMax, signal, late, (limited) => units.writeUnits(writes, limited));
}

/**
 * @param refused - How many units of the request could not be written whatever etcd says.
 * @throws {RegistryDistrustError} if one of the results is that: no other says anything then; the first error, if none of
 * the units is known to be written, unchanged or refused.
 */
function throwIfNothingKnown(results: readonly UnitWriteResult[], refused: number): void {
  const errors = results.flatMap((result) => ("error" in result ? [result.error] : []));
  const distrust = errors.find((error) => error instanceof RegistryDistrustError);
  if (distrust !== undefined) throw distrust;
  const isKnown = refused > 0 || errors.length < results.length;
  if (!isKnown && errors.every((error) => statusOf(error) >= 500)) throw errors[0];
}

/** Tells the log once of etcd, however many units it did not serve, and of each fault of our own. */
function tellLog({ logger }: Services, results: readonly UnitWriteResult[]): void {
  const errors = results.flatMap((result) => ("error" in result ? [result.error] : []));
  const [trouble, ...others] = errors.filter(isTroubleWithEtcd);
  if (trouble !== undefined) {
    const units = others.length + 1;
    logger.warn("etcd did not serve all units of a request", { units, reason: trouble.message });
  }
  for (const error of errors) {
    if (refusalIn(error, true) === undefined) logger.error("a unit of a request failed", { err: error });
  }
}

function statusOf(error: unknown): number {
  return refusalOf(error).status;
}

function refusalOf(error: unknown): Refusal {
  if (isTroubleWithEtcd(error)) return refusalForEtcd(error, true);
  return refusalIn(error, true) ?? { status: 500, message: "internal error" };
}

function refusal(name: string, error: unknown): UnitWriteAnswerV2 {
  const { status, message, hint } = refusalOf(error);
  return { name, error: { code: status, message, ...(hint === undefined ? {} : { hint }) } };
}

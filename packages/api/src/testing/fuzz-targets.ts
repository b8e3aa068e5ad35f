import {
  FleetError,
  isFleetError,
  parseRequirements,
  parseUnitName,
  serializeUnitFile,
  unitContentFromText,
  unitWarnings,
  validateUnit,
} from "@fleet/core";
import type { Logger } from "@fleet/core/ports";
import fc from "fast-check";
import { HttpError } from "../answer.js";
import { cutPage } from "../page.js";
import { type ApiHarness, createApiHarness } from "./api-harness.js";
import { askDirectly, type DirectRequest } from "./direct-request.js";
import { anyRequest, tokenText, unitText, write } from "./fuzz-arbitraries.js";
import type { PretendCluster } from "./pretend-cluster.js";

/** A kind of input, and what must hold whatever it is. */
export interface FuzzTarget {
  readonly name: string;
  /** Makes the property; state that cases share lives as long as it. */
  readonly property: () => fc.IRawProperty<unknown>;
}

/** What is fuzzed, in the order in which blocks of cases take turns. */
export const fuzzTargets: readonly FuzzTarget[] = [
  { name: "unit-file", property: () => fc.property(unitText, checkUnitText) },
  {
    name: "page-token",
    property: () => fc.property(fc.array(tokenText, { maxLength: 2 }), fc.nat(6), checkToken),
  },
  { name: "body", property: () => requestProperty(write) },
  { name: "path", property: () => requestProperty(anyRequest) },
];

const unitName = parseUnitName("a@1.service");

function checkUnitText(text: string): void {
  const content = orRefusal(() => unitContentFromText(text));
  if (content === undefined) return;
  parseRequirements(content.options, unitName);
  unitWarnings(unitName, content.options);
  const accepted = orRefusal(() => {
    validateUnit(unitName, content.options);
    return content;
  });
  // Whatever is accepted is read back from its canonical text as it was.
  if (accepted === undefined) return;
  const again = unitContentFromText(serializeUnitFile(accepted.options));
  if (again.hash !== accepted.hash) throw new Error("the hash depends on the layout");
}

function orRefusal<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isFleetError(error) && error.code === "invalid-argument" && error.message !== "") return undefined;
    throw error;
  }
}

const sorted = ["a", "b", "c", "d", "e", "f"];

function checkToken(tokens: readonly string[], length: number): void {
  try {
    const list = sorted.slice(0, length);
    const { items, nextPageToken } = cutPage(list, (item) => item, tokens, 2);
    if (items.length > 2) throw new Error("more than a page");
    if (nextPageToken === undefined) return;
    const next = cutPage(list, (item) => item, [nextPageToken], 2).items[0] ?? "";
    if (next <= (items.at(-1) ?? "")) throw new Error("the next page does not come after this one");
  } catch (error) {
    if (!(error instanceof HttpError && error.status === 400 && error.message !== "")) throw error;
  }
}

/** So that reads find something. */
function addRunningUnit(cluster: PretendCluster): void {
  const content = unitContentFromText("[Service]\nExecStart=/bin/true\n");
  void cluster.changeUnit(parseUnitName("a.service"), () => ({ content, desiredState: "launched" }));
  cluster.seat("m1", "a.service", "launched");
  cluster.report("m1", "a.service", { isStarted: true });
}

/** One server for all cases: units that earlier ones made are there for later ones. */
function requestProperty(requests: fc.Arbitrary<DirectRequest>): fc.IRawProperty<unknown> {
  const logged: unknown[] = [];
  const quiet = (): void => undefined;
  const logger: Logger = {
    error: (message, fields) => logged.push(message, fields?.err),
    warn: quiet,
    info: quiet,
    debug: quiet,
    child: () => logger,
  };
  const api = createApiHarness({ tokenLimit: 2, logger });
  api.cluster.addMachine("m1", "127.0.0.1");
  addRunningUnit(api.cluster);
  return fc.asyncProperty(requests, async (request) => {
    const { status, headers, body } = await beforeLong(api, askDirectly(api.server.listener, request));
    if (logged.length > 0) throw new Error(`logged: ${logged.splice(0).join(": ")}`);
    // A client may demand a revision that is never reached.
    const mayBeLate = status === 503 && request.headers["fleet-min-revision"] !== undefined;
    if (status < 200 || (status > 499 && !mayBeLate)) throw new Error(`status ${status}`);
    if (headers.get("content-type") !== "application/json" || headers.has("content-encoding")) return;
    if (body.length > 0) JSON.parse(body.toString("utf8"));
    if (status >= 400 && !isErrorBody(JSON.parse(body.toString("utf8")), status))
      throw new Error("no error body");
  });
}

/** What is shorter than this is waited for on purpose; compression is no such wait, and takes real time. */
const purposeMsMax = 60_000;
const roundsMax = 1_000_000;

/** Lets time pass when a request waits for something that does not come. @throws if it is never answered. */
async function beforeLong<T>({ clock }: ApiHarness, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  for (let round = 0; !isDone && round < roundsMax; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (round > 50 && clock.sleeping.some((ms) => ms < purposeMsMax)) clock.advance(1_000);
  }
  if (!isDone) throw new Error("no answer");
  return done;
}

function isErrorBody(value: unknown, status: number): boolean {
  const { error } = value as { readonly error?: { readonly code?: number; readonly message?: string } };
  return error?.code === status && typeof error.message === "string";
}

/** Cases of one block. Blocks are the unit of repetition: each has its own seed and shares nothing with others. */
export const blockCases = 500;

/** Which target a block is for, and its seed, from the seed of the whole run. */
export function blockOf(seed: number, index: number): { readonly target: FuzzTarget; readonly seed: number } {
  const target = fuzzTargets[index % fuzzTargets.length];
  if (target === undefined) throw new FleetError("internal", "there are no targets");
  // Any mixing will do, as long as it stays the same.
  const mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b);
  return { target, seed: mixed ^ (mixed >>> 13) };
}

/** Runs a block. @returns how many cases held. @throws with the counterexample, smallest first. */
export async function runBlock(seed: number, index: number, cases: number): Promise<number> {
  const block = blockOf(seed, index);
  const details = await fc.check(block.target.property(), {
    seed: block.seed,
    numRuns: cases,
    interruptAfterTimeLimit: 120_000,
    markInterruptAsFailure: true,
  });
  if (!details.failed) return details.numRuns;
  throw new Error(
    `block ${index} (${block.target.name}, seed ${block.seed}): ${fc.defaultReportMessage(details)}`,
  );
}

import type { MachinePutV2 } from "@fleet/client";
import { FleetError, type MachineId, type MachinePolicy, parseMachineId } from "@fleet/core";
import type { MachineStanding } from "@fleet/core/ports";
import { HttpError, jsonAnswer } from "../answer.js";
import { decodeJson, isJsonObject } from "../json.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";

/** A note is a line for people, read in lists. */
const noteLengthMax = 200;

/** More than the units of any machine; only there to keep numbers sensible. */
const handOversLimit = 100_000;

/** `PUT machines/<id>`: says what an operator wants of a machine. Repeating it changes nothing. */
export const putMachine: Handler = async ({ access, units }, request, signal) => {
  const machine = parseMachineId(request.name);
  const put = decodePut(await request.readBody(signal));
  const { effect, revision } = await units.changeMachinePolicy(
    machine,
    (current, standing) => decide(machine, put, current, standing),
    signal,
  );
  access.noteWrite(revision);
  return jsonAnswer({ effect, revision }, revisionHeader(revision));
};

function decide(
  machine: MachineId,
  put: MachinePutV2,
  current: MachinePolicy,
  standing: MachineStanding,
): MachinePolicy {
  const drained = put.drained ?? (put.cordoned === false ? false : current.drained);
  const handOversMax = put.handOversMax ?? current.handOversMax ?? 0;
  const note = put.note ?? current.note ?? "";
  const released = releasedBy(machine, put, current, standing);
  return {
    cordoned: drained || (put.cordoned ?? current.cordoned),
    drained,
    ...(handOversMax === 0 ? {} : { handOversMax }),
    ...(note === "" ? {} : { note }),
    ...(released === undefined ? {} : { released }),
  };
}

function releasedBy(
  machine: MachineId,
  put: MachinePutV2,
  { released }: MachinePolicy,
  { isPresent, recordRevision }: MachineStanding,
): MachinePolicy["released"] {
  // A word about an absence that is over is no longer worth keeping.
  if (put.released === undefined) return released === recordRevision && !isPresent ? released : undefined;
  if (!put.released) return undefined;
  if (isPresent) {
    throw new FleetError("conflict", `cannot release machine "${machine}": it is present`, {
      hint: "drain it, if its units are to go elsewhere",
    });
  }
  return recordRevision;
}

function decodePut(body: string): MachinePutV2 {
  const decoded = decodeJson(body);
  if ("problem" in decoded) throw new HttpError(400, `unable to decode body: ${decoded.problem}`);
  const put = decoded.value;
  if (!isJsonObject(put)) throw new HttpError(400, "unable to decode body: expected an object");
  const { cordoned, drained, handOversMax, note, released, ...others } = put;
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) {
    throw new HttpError(400, `unable to decode body: unknown field ${JSON.stringify(stranger)}`, {
      hint: "the fields are cordoned, drained, handOversMax, note and released",
    });
  }
  if (drained === true && cordoned === false) {
    throw new HttpError(400, "a machine that is drained is cordoned, too");
  }
  return {
    ...optionalFlag("cordoned", cordoned),
    ...optionalFlag("drained", drained),
    ...optionalFlag("released", released),
    ...optionalCount(handOversMax),
    ...optionalNote(note),
  };
}

function optionalFlag<K extends string>(name: K, value: unknown): { readonly [N in K]?: boolean } {
  if (value === undefined) return {};
  if (typeof value !== "boolean") throw wrongField(name, "true or false");
  return { [name]: value } as { readonly [N in K]?: boolean };
}

function optionalCount(value: unknown): Pick<MachinePutV2, "handOversMax"> {
  if (value === undefined) return {};
  const isCount = typeof value === "number" && Number.isInteger(value) && value >= 0;
  if (!isCount || value > handOversLimit) {
    throw wrongField("handOversMax", `a whole number up to ${handOversLimit}`);
  }
  return { handOversMax: value };
}

function optionalNote(value: unknown): Pick<MachinePutV2, "note"> {
  if (value === undefined) return {};
  if (typeof value !== "string" || value.length > noteLengthMax || /[\p{Cc}\u2028\u2029]/u.test(value)) {
    throw wrongField("note", `a line of at most ${noteLengthMax} characters`);
  }
  return { note: value };
}

function wrongField(name: string, expected: string): HttpError {
  return new HttpError(400, `unable to decode body: ${name} must be ${expected}`);
}

import {
  type DesiredState,
  FleetError,
  isTemplate,
  type UnitContent,
  type UnitName,
  type UnitRecord,
  validateUnit,
} from "@fleet/core";
import type { UnitChange } from "@fleet/core/ports";
import { HttpError } from "./answer.js";

/** What a v1 PUT does to a unit, decided from its present record. */
export interface Decision {
  readonly change: UnitChange;
  /** Whether there is new content: the unit was created or replaced. */
  readonly isNewContent: boolean;
}

/** What somebody wants of a unit, read and checked as far as that goes without its record. */
export interface Wish {
  readonly name: UnitName;
  /** Absent if the request carries no content. */
  readonly content: UnitContent | undefined;
  readonly desiredState: DesiredState | undefined;
  /** What a replacement without a desired state makes of the state there is. */
  readonly stateWhenReplaced: "kept" | "inactive";
}

/**
 * The decision table of the v1 PUT (the original's, with validation on every path by which content can come in).
 * @param current - The present record, or `undefined` for none.
 * @throws the refusal, with the original's text.
 */
export function decideUnitPut(wish: Wish, current: UnitRecord | undefined): Decision {
  const { name, content, desiredState } = wish;
  if (content !== undefined && content.hash !== current?.hash) {
    validateUnit(name, content.options);
    const kept = wish.stateWhenReplaced === "kept" ? current?.desiredState : undefined;
    const state = desiredState ?? kept ?? "inactive";
    refuseActiveTemplate(name, state);
    const keepsInstances = desiredState === undefined;
    return { change: { content, desiredState: state, keepsInstances }, isNewContent: true };
  }
  if (current === undefined) throw new HttpError(409, "unit does not exist and options field empty");
  if (desiredState === undefined) {
    throw new HttpError(409, "must provide DesiredState to update existing unit");
  }
  refuseActiveTemplate(name, desiredState);
  // The same text goes along, so that one that was lost from the registry is there again.
  const same = content?.contentId === current.contentId ? { content } : {};
  return { change: { desiredState, ...same }, isNewContent: false };
}

/**
 * Templates are stored and never run.
 * @throws {FleetError} `invalid-argument` with the original's text.
 */
export function refuseActiveTemplate(name: UnitName, state: DesiredState): void {
  if (state !== "inactive" && isTemplate(name)) {
    throw new FleetError("invalid-argument", `cannot activate template ${JSON.stringify(name)}`, {
      hint: "activate an instance of it",
    });
  }
}

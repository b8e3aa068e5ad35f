import { hasInstallSection, parseUnitFile, type UnitName, type UnitOption } from "@fleet/core";
import type { JobResult, LocalUnit } from "@fleet/core/ports";

/** What systemd holds of a unit it has in memory. */
export interface MemoryUnit {
  readonly name: UnitName;
  /** The text that was read, which the file may have left behind. */
  readonly text: string | undefined;
  readonly path: string;
  readonly options: readonly UnitOption[];
  activeState: string;
  subState: string;
  invocationId: string;
  job: MemoryJob | undefined;
}

/** A queued job. */
export interface MemoryJob {
  readonly unit: UnitName;
  readonly kind: "start" | "stop";
  readonly result: Promise<JobResult>;
  /** Lets it end: as asked for if `result` is empty, else with that result and nothing done. Once; then it does nothing. */
  finish(result: string): void;
}

/** Reads a unit as systemd would. Nothing of `text` but what the twin plays is looked at. */
export function readMemoryUnit(name: UnitName, path: string, text: string | undefined): MemoryUnit {
  const options = text === undefined ? [] : parseUnitFile(text);
  return {
    name,
    path,
    text,
    options,
    activeState: "inactive",
    subState: "dead",
    invocationId: "",
    job: undefined,
  };
}

/** What a unit is linked to that was masked. */
export const maskPath = "/dev/null";

/** `masked` if somebody said so; `not-found` without a file; `bad-setting` for a service without a command; else `loaded`. */
export function loadStateOf(unit: MemoryUnit): string {
  if (unit.path === maskPath) return "masked";
  if (unit.text === undefined) return "not-found";
  return unit.name.endsWith(".service") && command(unit) === undefined ? "bad-setting" : "loaded";
}

/** What becomes of the unit when it is started, if all goes as its text says. */
export function startOutcome(unit: MemoryUnit): {
  readonly result: string;
  readonly activeState: string;
  readonly subState: string;
} {
  const fails = command(unit)?.endsWith("/false") ?? false;
  if (optionOf(unit, "Type") !== "oneshot") {
    return {
      result: "done",
      activeState: "active",
      subState: unit.name.endsWith(".service") ? "running" : "active",
    };
  }
  if (fails) return { result: "failed", activeState: "failed", subState: "failed" };
  return optionOf(unit, "RemainAfterExit") === "yes"
    ? { result: "done", activeState: "active", subState: "exited" }
    : { result: "done", activeState: "inactive", subState: "dead" };
}

/** Says whether systemd would keep the unit in memory although nobody refers to it. */
export function isKept(unit: MemoryUnit): boolean {
  return unit.job !== undefined || unit.activeState !== "inactive";
}

/** Says whether enabling the unit does anything. */
export function hasInstallInformation(text: string): boolean {
  return hasInstallSection(parseUnitFile(text));
}

/** The unit whose file is at a path. */
export function nameOfPath(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Describes the unit as the port wants it. @param textNow - What the file says by now. */
export function describeMemoryUnit(unit: MemoryUnit, textNow: string | undefined): LocalUnit {
  return {
    name: unit.name,
    loadState: loadStateOf(unit),
    activeState: unit.activeState,
    subState: unit.subState,
    fragmentPath: unit.path,
    invocationId: unit.invocationId,
    needDaemonReload: unit.text !== undefined && unit.text !== textNow,
    hasJob: unit.job !== undefined,
  };
}

function optionOf(unit: MemoryUnit, name: string): string | undefined {
  return unit.options.findLast((option) => option.section === "Service" && option.name === name)?.value;
}

function command(unit: MemoryUnit): string | undefined {
  return optionOf(unit, "ExecStart");
}

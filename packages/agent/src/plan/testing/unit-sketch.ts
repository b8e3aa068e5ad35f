import { parseMachineId, parseUnitName, type Seat, type UnitName } from "@fleet/core";
import type { LocalFacts, LocalFile, MachineView, StartRecord, UnitView } from "../machine-view.js";
import { planMachine } from "../plan-machine.js";

/** The machine that plans. */
export const machine = parseMachineId("m1");
const path = (name: string) => `/run/fleet/units/${name}`;

/** It runs. */
export const active: Partial<LocalFacts> = { activeState: "active", subState: "running", invocationId: "a1" };
/** It has run, and ended. */
export const ended: Partial<LocalFacts> = { activeState: "inactive", subState: "dead", invocationId: "a1" };
/** It is of another file. */
export const foreign: Partial<LocalFacts> = { fragmentPath: "/lib/systemd/system/x.service" };

/** What a test says of a unit; everything else is as of one whose seat has been carried out by nobody yet. */
export interface Sketch {
  readonly seat?: Partial<Seat> | undefined;
  readonly file?: Partial<LocalFile> | "unreadable";
  readonly local?: Partial<LocalFacts> | undefined;
  readonly record?: Partial<StartRecord> & { readonly startCount?: number; readonly bootId?: string };
  readonly lost?: "said nothing" | "said not started" | "said started";
  readonly rest?: Partial<UnitView>;
}

function seatOf(name: UnitName, sketch: Partial<Seat>): Seat {
  return {
    machine,
    unit: name,
    contentId: "one",
    hash: "hash",
    target: "launched",
    startCount: 1,
    term: { n: 1, uuid: "term" },
    reason: "because",
    createRevision: 10,
    modRevision: 20,
    ...sketch,
  };
}

const generation = { bootId: "boot", seatRevision: 10, contentId: "one", startCount: 1 };

/** Builds the view of a unit. */
export function unitOf(text: string, sketch: Sketch): UnitView {
  const name = parseUnitName(text);
  const file = sketch.file;
  const local =
    "local" in sketch && sketch.local === undefined
      ? undefined
      : {
          loadState: "loaded",
          activeState: "inactive",
          subState: "dead",
          fragmentPath: path(name),
          invocationId: "",
          needDaemonReload: false,
          hasJob: false,
          ...sketch.local,
        };
  const lost = {
    "said nothing": undefined,
    "said not started": "not started",
    "said started": generation,
  } as const;
  return {
    name,
    path: path(name),
    seat: sketch.seat === undefined ? undefined : seatOf(name, sketch.seat),
    file:
      file === undefined || file === "unreadable"
        ? file
        : {
            contentId: "one",
            hash: "hash",
            conflicts: [],
            hasInstall: false,
            isOfflineStart: false,
            ...file,
          },
    local,
    watermark: 0,
    starts:
      sketch.record !== undefined
        ? {
            kind: "record",
            record: {
              phase: "issued",
              invocationBefore: "",
              ...sketch.record,
              generation: {
                ...generation,
                startCount: sketch.record.startCount ?? 1,
                bootId: sketch.record.bootId ?? "boot",
              },
            },
          }
        : sketch.lost !== undefined
          ? { kind: "lost", saidStarted: lost[sketch.lost] }
          : { kind: "never" },
    acked: undefined,
    hasState: false,
    work: undefined,
    isReplacing: false,
    wasStopped: false,
    hasTrigger: false,
    ...sketch.rest,
  };
}

/** Plans for a machine with these units. @returns tasks as `kind unit`, and what waits for what. */
export function plan(units: Readonly<Record<string, Sketch>>, view: Partial<MachineView> = {}) {
  const views = Object.entries(units).map(([name, sketch]) => unitOf(name, sketch));
  const { tasks, waits } = planMachine({
    machine,
    condition: "joined",
    isConnected: true,
    bootId: "boot",
    reconcilesDrift: false,
    units: new Map(views.map((unit) => [unit.name, unit])),
    ...view,
  });
  return {
    tasks: tasks.map((task) => `${task.kind} ${task.unit}`),
    waits: Object.fromEntries(waits),
  };
}

/** A seat that asks for it to run. */
export const launched = { seat: {} };
/** A seat that asks for it to go. */
export const tombstone = { seat: { target: "absent" } } as const;
/** A seat that asks for it to be loaded. */
export const loaded = { seat: { target: "loaded" } } as const;
/** Its file is there. */
export const here = { file: {} };

// I6, from the processes in the machines' cgroups and from what the units wrote.
import { closeSync, openSync, readSync } from "node:fs";
import type { Violation } from "../e2e/verdict.js";
import type { RunningUnit } from "../truth.js";
import { type Beat, FencedResource, parseBeat } from "./fenced-resource.js";

/** After a machine thaws, what it runs is judged by tokens alone for so long: its guard has to be given the processor. */
const thawMs = 3_000;

/** Tells what a machine that is frozen, or was until a moment ago, still runs from before. */
export class Frost {
  readonly #times = new Map<string, { readonly fromMs: number; toMs?: number }>();

  /** Notes that a machine is frozen from now on. */
  freeze(machine: string, atMs: number): void {
    this.#times.set(machine, { fromMs: atMs });
  }

  /** Notes that it goes on. */
  thaw(machine: string, atMs: number): void {
    const time = this.#times.get(machine);
    if (time !== undefined) time.toMs = atMs;
  }

  /** Whether processes of a machine stood still just now, so that no software on it could have acted in time. */
  covers(machine: string, atMs: number): boolean {
    const time = this.#times.get(machine);
    return time !== undefined && atMs >= time.fromMs && atMs <= (time.toMs ?? Infinity) + thawMs;
  }
}

/** How the exclusive units fared. */
export interface ExclusiveFigures {
  looks: number;
  overlaps: number;
  beats: number;
  refused: number;
  unprotected: number;
  handOvers: number;
}

/** Watches exclusive units: never two at once, and no write that a newer holder has overtaken. */
export class ExclusiveJudge {
  readonly violations: Violation[] = [];
  readonly figures: ExclusiveFigures = {
    looks: 0,
    overlaps: 0,
    beats: 0,
    refused: 0,
    unprotected: 0,
    handOvers: 0,
  };
  /** When each unit last wrote what was not refused. */
  readonly lastAcceptedMs = new Map<string, number>();
  readonly frost = new Frost();
  readonly #units: ReadonlySet<string>;
  readonly #now: () => number;
  readonly #resource = new FencedResource();
  readonly #told = new Set<string>();

  constructor(units: ReadonlySet<string>, now: () => number) {
    this.#units = units;
    this.#now = now;
  }

  /**
   * Judges a look at what runs. One look takes a while, so an end on one machine and a start on another may both be in
   * it: only what a second look finds again did run together.
   */
  look(running: readonly RunningUnit[], again: () => readonly RunningUnit[]): void {
    this.figures.looks++;
    const doubtful = this.#doubles(running);
    if (doubtful.length === 0) return;
    const second = new Set(again().map(key));
    for (const copies of doubtful) {
      const certain = copies.filter((copy) => second.has(key(copy)));
      if (certain.length < 2) continue;
      const name = certain.map(key).sort().join();
      if (this.#told.has(name)) continue;
      this.#told.add(name);
      this.figures.overlaps++;
      this.#violate(
        `${certain[0]?.unit} ran on ${certain.map(({ machine }) => machine).join(" and ")} at once`,
      );
    }
  }

  #doubles(running: readonly RunningUnit[]): readonly (readonly RunningUnit[])[] {
    const atMs = this.#now();
    const copies = new Map<string, RunningUnit[]>();
    for (const one of running) {
      if (!this.#units.has(one.unit) || this.frost.covers(one.machine, atMs)) continue;
      copies.set(one.unit, [...(copies.get(one.unit) ?? []), one]);
    }
    return [...copies.values()].filter((found) => found.length > 1);
  }

  /** Judges a write. */
  take(beat: Beat): void {
    const atMs = this.#now();
    this.figures.beats++;
    const reception = this.#resource.take(beat);
    if (reception.kind !== "refused") this.lastAcceptedMs.set(beat.unit, atMs);
    if (reception.kind === "accepted") {
      if (reception.isNewHolder) this.figures.handOvers++;
      return;
    }
    const isRefused = reception.kind === "refused";
    this.figures[isRefused ? "refused" : "unprotected"]++;
    // It is what tokens are for: a machine that stood still goes on where it was.
    if (isRefused && this.frost.covers(beat.machine, atMs)) return;
    const what = isRefused
      ? `${beat.unit} wrote from ${beat.machine} with the token ${beat.token} after a newer holder had written`
      : reception.why;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#violate(what);
  }

  #violate(what: string): void {
    this.violations.push({ promise: "I6", what });
  }
}

const key = ({ machine, unit, invocation }: RunningUnit): string => `${machine}/${unit}/${invocation}`;

/** Reads what was added to a file since the last time, line by line. */
export class Follower {
  readonly #file: string;
  #offset = 0;
  #rest = "";

  constructor(file: string) {
    this.#file = file;
  }

  /** The beats that are new, in the order in which they were written. */
  read(): readonly Beat[] {
    const beats: Beat[] = [];
    for (const line of this.#lines()) {
      const beat = parseBeat(line);
      if (beat !== undefined) beats.push(beat);
    }
    return beats;
  }

  #lines(): readonly string[] {
    let descriptor: number;
    try {
      descriptor = openSync(this.#file, "r");
    } catch {
      return [];
    }
    try {
      const buffer = Buffer.alloc(1 << 20);
      const length = readSync(descriptor, buffer, 0, buffer.length, this.#offset);
      this.#offset += length;
      const lines = (this.#rest + buffer.toString("utf8", 0, length)).split("\n");
      this.#rest = lines.pop() ?? "";
      return lines;
    } finally {
      closeSync(descriptor);
    }
  }
}

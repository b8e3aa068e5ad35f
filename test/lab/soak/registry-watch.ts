// What etcd itself was told, for judging what fleet did and for telling stories: every seat, presence and term, by a watch
// of the test's own that outlives members of etcd.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { StageEvent } from "../e2e/stage.js";
import type { MachineLab } from "../lab.js";
import type { Span } from "./reasons.js";

/** A change of a key. */
export interface RegistryEvent {
  /** When it was heard, on the stage's clock. */
  readonly atMs: number;
  readonly revision: number;
  /** Without the prefix: `schedule/<machine>/<unit>`. */
  readonly key: string;
  /** `undefined` if it was deleted. */
  readonly value: string | undefined;
}

// etcd answers gRPC as JSON too. A member that does not answer /health within a second is left for the next one; what was
// missed meanwhile is asked for by its revision.
const program = String.raw`
const http = require("node:http");
const [prefix, ...urls] = process.argv.slice(1);
process.stdin.resume();
process.stdin.on("end", () => process.exit());
const end = Buffer.from(prefix);
end[end.length - 1]++;
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const text = (part) => Buffer.from(part ?? "", "base64").toString();
let next = 1;
let turn = 0;
function watch() {
  const url = urls[turn++ % urls.length];
  let isOver = false;
  const again = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(pulse);
    request.destroy();
    setTimeout(watch, 100);
  };
  const pulse = setInterval(() => {
    const asked = http.get(url + "/health", { timeout: 1000, agent: false }, (answer) => {
      let said = "";
      answer.on("data", (part) => (said += part)).on("end", () => /"true"/.test(said) || again());
    });
    asked.on("timeout", () => asked.destroy()).on("error", again);
  }, 1500);
  const request = http.request(url + "/v3/watch", { method: "POST", agent: false }, (answer) => {
    let rest = "";
    answer.setEncoding("utf8").on("data", (part) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line.trim() !== "") take(JSON.parse(line).result);
    });
    answer.on("end", again).on("error", again);
  });
  request.on("error", again);
  request.end(JSON.stringify({ create_request: { key: base64(prefix), range_end: base64(end), start_revision: next } }));
}
function take(result) {
  for (const { type, kv } of result?.events ?? []) {
    const revision = Number(kv.mod_revision);
    if (revision >= next) next = revision + 1;
    const key = text(kv.key).slice(prefix.length);
    const event = { revision, key, value: type === "DELETE" ? undefined : text(kv.value) };
    process.stdout.write(JSON.stringify(event) + "\n");
  }
}
watch();
`;

const prefix = "/_coreos.com/fleet/";

/** Everything that was written below fleet's prefix since it began. */
export class RegistryWatch {
  readonly events: RegistryEvent[] = [];
  readonly #child: ChildProcess;

  constructor(lab: MachineLab, now: () => number) {
    const [enter, ...words] = lab.holder.enter();
    const args = [...words, process.execPath, "-e", program, prefix, ...lab.etcd.urls];
    this.#child = spawn(enter, args, { stdio: ["pipe", "pipe", "ignore"], detached: true });
    this.#child.on("error", () => undefined);
    const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => this.events.push({ ...(JSON.parse(line) as RegistryEvent), atMs: now() }));
  }

  /** Ends it. */
  close(): void {
    this.#child.stdin?.end();
    this.#child.kill("SIGKILL");
  }

  /** The times in which there was a tombstone for a unit on a machine, by the id of that. */
  tombstones(machineId: string, unit: string): readonly Span[] {
    const key = `schedule/${machineId}/${unit}`;
    const spans: Span[] = [];
    for (const event of this.events) {
      if (event.key !== key) continue;
      const last = spans.at(-1);
      if (last !== undefined) last.toMs ??= event.atMs;
      if (/"target":"absent"/.test(event.value ?? "")) spans.push({ fromMs: event.atMs });
    }
    return spans;
  }

  /** The ids of the machines on which a unit had a seat, and was to run, at some time. */
  seatsOf(unit: string, atMs: number): readonly string[] {
    const seats = new Map<string, boolean>();
    for (const event of this.events) {
      const [, machine = "", name] = /^schedule\/([^/]+)\/(.+)$/.exec(event.key) ?? [];
      if (name === unit && event.atMs <= atMs)
        seats.set(machine, /"target":"launched"/.test(event.value ?? ""));
    }
    return [...seats].filter(([, isLaunched]) => isLaunched).map(([machine]) => machine);
  }

  /** When the presence of a machine ended, each time. */
  departures(machineId: string): readonly RegistryEvent[] {
    return this.events.filter(({ key, value }) => key === `machines/${machineId}` && value === undefined);
  }

  /** What was written about a unit, in words, from some time on. @param names - Machines' names by their ids. */
  storyOf(unit: string, fromMs: number, names: ReadonlyMap<string, string>): readonly StageEvent[] {
    return this.events
      .filter(({ atMs, key }) => atMs >= fromMs && isAbout(key, unit))
      .map(({ atMs, revision, key, value }) => {
        const told = `${key} ${value === undefined ? "deleted" : shorten(value)}`;
        const named = [...names].reduce((text, [id, name]) => text.replaceAll(id, name), told);
        return { atMs, what: `etcd ${revision}: ${named}` };
      });
  }
}

const isAbout = (key: string, unit: string): boolean =>
  (/^(schedule|states|units|destroyed)\//.test(key) && key.endsWith(`/${unit}`)) ||
  /^(machines\/|engine\/(terms|leader))/.test(key);

function shorten(value: string): string {
  return value
    .replace(/"(contentId|hash|uuid|epoch|instance|bootId)":"[^"]{9,}"/g, (_, name) => `"${name}":…`)
    .slice(0, 360);
}

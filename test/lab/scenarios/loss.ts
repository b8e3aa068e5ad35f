// What the scenarios about losing machines share.
import type { Stage } from "../e2e/stage.js";

/** The units on a machine that are to run elsewhere when it is lost. */
export function movableOn(stage: Stage, machine: string): readonly string[] {
  return stage.timeline
    .look()
    .filter((running) => running.machine === machine && stage.specs.get(running.unit)?.isGlobal === false)
    .map(({ unit }) => unit);
}

/** Waits until units run on other machines than `lost`. @returns when the last of them did. */
export async function untilElsewhere(
  stage: Stage,
  units: readonly string[],
  lost: readonly string[],
  timeoutMs = 60_000,
): Promise<number> {
  return await stage.until(`${units.length} units to run elsewhere`, timeoutMs, (running) => {
    const elsewhere = new Set(
      running.filter(({ machine }) => !lost.includes(machine)).map(({ unit }) => unit),
    );
    return units.every((unit) => elsewhere.has(unit));
  });
}

/** Every run there is now, for comparing: nothing was restarted or moved if it is the same later. */
export function snapshot(stage: Stage): readonly string[] {
  return stage.timeline
    .look()
    .map(({ machine, unit, invocation }) => `${unit} on ${machine} (${invocation.slice(0, 8)})`)
    .sort();
}

/** Holds that nothing has begun or ended since a snapshot. */
export function expectSame(stage: Stage, before: readonly string[], promise: string): void {
  const now = new Set(snapshot(stage));
  const lost = before.filter((run) => !now.has(run));
  const fresh = [...now].filter((run) => !before.includes(run));
  const what = `no longer: ${lost.join(", ") || "none"}; new: ${fresh.join(", ") || "none"}`;
  stage.expect(promise, lost.length === 0 && fresh.length === 0, what);
}

/** Starts one more unit and measures how long it takes until it runs: the cluster works. */
export async function expectWorks(stage: Stage, name: string, atMostMs: number): Promise<void> {
  const fromMs = stage.nowMs();
  const unit = {
    name: `${name}.service`,
    text: "[Service]\nExecStart=/bin/sleep infinity\n",
    isGlobal: false,
  };
  await stage.start([unit]);
  const atMs = await stage.until(`${unit.name} to run`, 60_000, (running) =>
    running.some((one) => one.unit === unit.name),
  );
  stage.measure(`${name}: a new unit, command to process`, atMs - fromMs, atMostMs);
}

/** What fleet says of a unit: its active state; empty if it is not listed. */
export async function listed(stage: Stage, unit: string): Promise<string> {
  const rows = await stage.fleet("list-units", "--no-legend", "--fields=unit,active");
  return /\t(\w+)$/.exec(rows.split("\n").find((row) => row.startsWith(unit)) ?? "")?.[1] ?? "";
}

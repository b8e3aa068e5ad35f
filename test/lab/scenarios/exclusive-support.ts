// What the scenarios about exclusive units share.
import type { Stage } from "../e2e/stage.js";
import type { UnitSpec } from "../e2e/unit-spec.js";

/** `exclusive_stop_max` of these scenarios. */
export const stopMaxMs = 5_000;
/** What the engine adds to agent_ttl and exclusive_stop_max. */
export const marginsMs = 2_000;
/** As seen from outside, with the time that looking takes. */
export const slackMs = 1_000;
/** The lines of a unit that never runs twice. */
export const exclusiveLines = "[X-Fleet]\nExclusive=true\n";
/** The options of a lab for these scenarios. */
export const exclusiveLab = { options: { exclusive_stop_max: `${stopMaxMs}ms` } };

/** A unit that ignores SIGTERM. */
export const stubbornUnit: UnitSpec = {
  name: "stubborn.service",
  text: `[Service]\nExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 1; done'\nTimeoutStopSec=3600\n${exclusiveLines}`,
  isGlobal: false,
};

/** An exclusive unit that may run on m1 only. */
export function onFirst(name: string, text: string): UnitSpec {
  return {
    name: `${name}.service`,
    text: `${text}\n${exclusiveLines}MachineMetadata="number=1"\n`,
    isGlobal: false,
    allowed: ["m1"],
  };
}

/** I6: no two runs of one of these units overlap on two machines. */
export function expectNoOverlap(stage: Stage, names: readonly string[]): void {
  for (const run of stage.timeline.runs) {
    if (!names.includes(run.unit)) continue;
    const other = stage.timeline.runs.find(
      (one) =>
        one.unit === run.unit &&
        one.machine > run.machine &&
        one.fromMs < (run.endedMs ?? Number.POSITIVE_INFINITY) &&
        run.fromMs < (one.endedMs ?? Number.POSITIVE_INFINITY),
    );
    stage.expect(
      "I6",
      other === undefined,
      `${run.unit} ran on ${run.machine} and ${other?.machine ?? ""} at once`,
    );
  }
}

/** None of these units runs on this machine. */
export const without = (stage: Stage, machine: string, units: readonly string[]): boolean =>
  units.every((unit) => !stage.placesOf(unit).includes(machine));

/** I6: from `sinceMs` on until now, none of these units has run on this machine, not even for a moment. */
export function expectSilence(
  stage: Stage,
  machine: string,
  units: readonly string[],
  sinceMs: number,
): void {
  stage.timeline.look();
  const again = stage.timeline.runs.filter(
    (run) =>
      run.machine === machine &&
      units.includes(run.unit) &&
      (run.fromMs > sinceMs || (run.endedMs ?? Number.POSITIVE_INFINITY) > sinceMs),
  );
  const when = again.map((run) => `${run.unit} at ${(run.fromMs / 1000).toFixed(2)} s`).join(", ");
  stage.expect("I6", again.length === 0, `past its deadline ${machine} has run ${when}`);
}

/** Runs a script on a machine that must succeed. @returns what it printed. */
export async function onMachine(stage: Stage, machine: string, script: string): Promise<string> {
  return await stage.lab.machines.execOrThrow(machine, "sh", "-c", `set -e\n${script}`);
}

const dropIn = "/run/systemd/system/fleetd.service.d/stay-away.conf";

/** Kills fleetd of a machine, and keeps it from coming back. */
export const endFleetd = `mkdir -p ${dropIn.slice(0, dropIn.lastIndexOf("/"))}
printf '[Service]\\nRestart=no\\n' >${dropIn}
systemctl daemon-reload
systemctl kill -s KILL --kill-whom=all fleetd`;

/** Starts fleetd again after `endFleetd`. */
export const beginFleetd = `rm ${dropIn}; systemctl daemon-reload; systemctl reset-failed fleetd; systemctl start fleetd`;

// A unit that becomes exclusive when nobody can tell its copy.
import type { Scenario } from "../e2e/scenario.js";
import { plain } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import { exclusiveLab, exclusiveLines, stopMaxMs } from "./exclusive-support.js";
import { untilElsewhere } from "./loss.js";

/** A unit that becomes exclusive too late. */
export const exclusiveLate: Scenario = {
  name: "exclusive-late",
  asks: "a unit becomes exclusive while its machine is cut off, so its copy there has no guard: no time makes up for that, it is begun nowhere until the machine is heard, and then runs once",
  lab: exclusiveLab,
  play: async (stage) => {
    const [before] = plain(1, "convert");
    if (before === undefined) return;
    stage.graceMs = 120_000;
    await stage.start([before, ...plain(3)]);
    await stage.settle();
    const lost = stage.placesOf(before.name)[0] ?? "m1";
    const others = stage.machines.filter((machine) => machine !== lost);
    stage.away([lost], false);
    await stage.act(`cut ${lost} off`, async () => await cut(stage.lab.holder, lost));
    await untilElsewhere(stage, [before.name], [lost]);
    // It was not exclusive so far: two copies are what a cut brings.
    await stage.start([{ ...before, text: `${before.text}${exclusiveLines}` }], others);
    const fromMs = stage.nowMs();
    await stage.pass(3 * stage.ttlMs + stopMaxMs + 5_000, "a guard would have stopped it long ago");
    const begun = stage.timeline.runs.filter((run) => run.unit === before.name && run.fromMs > fromMs);
    stage.expect(
      "I6",
      begun.length === 0,
      `${before.name} began on ${begun[0]?.machine ?? ""} beside its copy`,
    );
    const said = await stage.fleetctl(["explain", before.name], others);
    stage.say(
      `fleetctl explain says: ${said.stdout
        .trim()
        .split("\n")
        .filter((line) => /wait|Note|Reason/i.test(line))
        .join(" | ")}`,
    );
    stage.expect(
      "I1",
      /acknowledg|forget|guard|wait/i.test(said.stdout),
      "explain does not say what it waits for",
    );
    await stage.act(`heal ${lost}`, async () => await heal(stage.lab.holder, lost));
    stage.back([lost]);
    await stage.settle();
  },
};

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { playQuadlet } from "./quadlet.js";
import { type SeedRecord, Steps } from "./steps.js";

const unit = "cadvisor.service";

/** Makes the scenario. @param record - Takes what was typed and seen. */
export function seedCase(checkout: string, tree: string, record: SeedRecord): Scenario {
  return {
    name: "seed-case",
    asks: "cAdvisor for docker, one unit file, runs and answers on every machine, on one that joins later and on one that comes back, until it is stopped; then the same from a Quadlet file",
    lab: { machines: 5, spare: 1, base: tree },
    play: async (stage) => {
      // `docker stop` waits for the container, and the host may be busy.
      stage.graceMs = 20_000;
      const steps = new Steps(stage, record);
      await playUnit(steps, stage, join(checkout, "examples/units", unit));
      await playQuadlet(steps, stage, join(checkout, "examples/quadlet/metrics.container"));
    },
  };
}

async function playUnit(steps: Steps, stage: Stage, file: string): Promise<void> {
  const first = stage.machines.slice(0, -1);
  const [added = ""] = stage.machines.slice(-1);
  const leader = await stage.leader();
  // Not the first: every fleetctl command would first ask a machine that is not there, and take its time.
  const lost = first.findLast((machine) => machine !== leader) ?? "";
  const left = stage.machines.filter((machine) => machine !== lost);

  await steps.type("load", file);
  const listed = await steps.type("list-unit-files", "--full");
  const isListed = listed.some((row) => row.startsWith(unit));
  stage.expect("I1", isListed, `list-unit-files does not have ${unit}`);
  stage.expect("I1", stage.placesOf(unit).length === 0, "it runs although it was only loaded");

  stage.want([{ name: unit, text: readFileSync(file, "utf8"), isGlobal: true }]);
  const startMs = stage.nowMs();
  await steps.type("start", unit);
  stage.measure("start to active on every machine", (await stage.settle()) - startMs);
  stage.measure("start to an answer from every machine", (await steps.untilAnswered(first)) - startMs);
  await steps.look("started", first);
  await steps.listUnits(unit, first);

  const addMs = stage.nowMs();
  await stage.boot([added]);
  stage.measure("power on of a new machine to an answer", (await steps.untilAnswered([added])) - addMs);
  await stage.settle();
  await steps.look(`${added} was added`, stage.machines);
  await steps.listUnits(unit, stage.machines);

  const lostMs = await stage.cutPower([lost]);
  stage.measure("power cut to not listed any more", (await stage.settle()) - lostMs, stage.ttlMs + 3_000);
  await steps.look(`${lost} was lost`, left);
  await steps.listUnits(unit, left);
  await stage.boot([lost]);
  await steps.untilAnswered([lost]);
  await stage.settle();
  await steps.look(`${lost} is back, with the container that the power cut left`, stage.machines);

  await steps.stop(unit);
  const rest = await steps.type("list-unit-files", "--full", "--no-legend");
  stage.expect("I1", rest.length === 0, `list-unit-files still has ${rest.join(", ")}`);
}

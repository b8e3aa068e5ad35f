// A unit that becomes exclusive when nobody can tell its copy.
import type { Scenario } from "../e2e/scenario.js";
import { onMachines, plain } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import { exclusiveLab, exclusiveLines, stopMaxMs } from "./exclusive-support.js";

/** A unit that becomes exclusive too late. */
export const exclusiveLate: Scenario = {
  name: "exclusive-late",
  asks: "a unit becomes exclusive after its machine was lost, so its copy there has no guard: no time makes up for that, it is begun nowhere until the machine is heard, and then runs once",
  lab: exclusiveLab,
  play: async (stage) => {
    const lost = "m1";
    // It may run there only, so it has its place there still when the machine is known to be lost.
    const before = onMachines("convert", [lost]);
    const after = { name: before.name, text: `[Service]\nExecStart=/bin/sleep infinity\n${exclusiveLines}` };
    const { holder, etcd, machines } = stage.lab;
    const presence = `/_coreos.com/fleet/machines/${machines.id(lost)}`;
    stage.graceMs = 120_000;
    await stage.start([before, ...plain(3)]);
    await stage.settle();
    const others = stage.machines.filter((machine) => machine !== lost);
    stage.away([lost], false);
    await stage.act(`cut ${lost} off`, async () => await cut(holder, lost));
    await stage.until(
      "its presence to be gone",
      60_000,
      async () => (await etcd.get(presence)) === undefined,
    );
    await stage.start([{ ...after, isGlobal: false }], others, ["--replace"]);
    await stage.pass(3 * stage.ttlMs + stopMaxMs + 5_000, "a guard would have stopped it long ago");
    const places = stage.placesOf(before.name);
    stage.expect("I6", places.join() === lost, `${before.name} runs on ${places.join(" and ")}`);
    const said = await stage.fleetctl(["explain", before.name], others);
    stage.expect(
      "I7",
      /earlier text/.test(said.stdout),
      `explain does not say what it waits for: ${said.stdout}`,
    );
    await stage.act(`heal ${lost}`, async () => await heal(holder, lost));
    stage.back([lost]);
    await stage.settle();
  },
};

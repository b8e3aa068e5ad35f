// A machine that returns and is lost again while nobody looks.
import type { Scenario } from "../e2e/scenario.js";
import { plain } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import { exclusiveLines, expectNoOverlap, marginsMs, stubbornUnit, without } from "./exclusive-support.js";
import { untilElsewhere } from "./loss.js";

const stopMaxMs = 12_000;
const timeoutMs = 60_000;

/** An absence that nobody saw end, and begin again. */
export const exclusiveUnseen: Scenario = {
  name: "exclusive-unseen-return",
  asks: "a machine with exclusive units is lost; while all others are cut off too it returns, starts them again and is lost anew: what the others had counted of the first loss must not count for the second",
  lab: { options: { exclusive_stop_max: `${stopMaxMs}ms` } },
  play: async (stage) => {
    stage.graceMs = 180_000;
    const bound = {
      name: "bound.service",
      text: `[Service]\nExecStart=/bin/sleep infinity\n${exclusiveLines}MachineOf=stubborn.service\n`,
      isGlobal: false,
    };
    const names = [stubbornUnit.name, bound.name];
    await stage.start([stubbornUnit, bound, ...plain(3)]);
    await stage.settle();
    const lost = stage.placesOf(stubbornUnit.name)[0] ?? "m1";
    const others = stage.machines.filter((machine) => machine !== lost);
    const { holder, etcd, machines } = stage.lab;
    const isPresent = async () =>
      (await etcd.get(`/_coreos.com/fleet/machines/${machines.id(lost)}`)) !== undefined;
    for (const unit of names) stage.ask(unit);
    stage.away([lost], false);
    await stage.act(`cut ${lost} off`, async () => await cut(holder, lost));
    await stage.until("its presence to be gone", timeoutMs, async () => !(await isPresent()));
    const goneMs = stage.nowMs();
    await stage.pass(2_000, "the others have seen it vanish");
    stage.away(others, false);
    await stage.act(`cut ${others.join(" and ")} off, and heal ${lost}`, async () => {
      for (const machine of others) await cut(holder, machine);
      await heal(holder, lost);
    });
    await stage.until(`${lost} to be present`, timeoutMs, isPresent);
    await stage.until("its exclusive units to be started there again", timeoutMs, () =>
      names.every((unit) => {
        const [last] = stage.timeline.runs.filter((run) => run.unit === unit).slice(-1);
        return last?.machine === lost && last.endedMs === undefined && last.fromMs > goneMs;
      }),
    );
    const { atMs } = await stage.act(`cut ${lost} off again`, async () => await cut(holder, lost));
    await stage.until("its presence to be gone", timeoutMs, async () => !(await isPresent()));
    await stage.act(`heal ${others.join(" and ")}`, async () => {
      for (const machine of others) await heal(holder, machine);
    });
    stage.back(others);
    await stage.until(`no exclusive unit to be left on ${lost}`, timeoutMs, () =>
      without(stage, lost, names),
    );
    const elsewhereMs = await untilElsewhere(stage, names, [lost], timeoutMs);
    const budgetMs = 2 * stage.ttlMs + stopMaxMs + marginsMs + stage.ttlMs;
    stage.measure("cut off again to exclusive units elsewhere", elsewhereMs - atMs, budgetMs);
    await stage.act(`heal ${lost}`, async () => await heal(holder, lost));
    stage.back([lost]);
    await stage.settle();
    expectNoOverlap(stage, names);
  },
};

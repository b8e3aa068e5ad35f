// A unit that becomes exclusive when nobody can tell its copy.
import type { Scenario } from "../e2e/scenario.js";
import type { Stage } from "../e2e/stage.js";
import { onMachines, plain } from "../e2e/unit-spec.js";
import { cut, heal } from "../network.js";
import { exclusiveLab, exclusiveLines, stopMaxMs } from "./exclusive-support.js";

/** A unit that becomes exclusive too late: when its machine is known to be lost. */
export const exclusiveLate = becomesExclusive(
  "exclusive-late",
  "a unit becomes exclusive after its machine was lost",
  async (stage, presence, change) => {
    await stage.until("its presence to be gone", 60_000, async () => {
      return (await stage.lab.etcd.get(presence)) === undefined;
    });
    await change();
  },
);

/** A unit whose seat says that it is exclusive, on a machine that cannot read it any more. */
export const exclusiveUnread = becomesExclusive(
  "exclusive-unread",
  "a unit becomes exclusive when its machine is cut off already, and nobody knows it yet",
  async (stage, presence, change) => {
    await change();
    stage.expect("I6", (await stage.lab.etcd.get(presence)) !== undefined, "the machine was lost too early");
    await stage.until("its presence to be gone", 60_000, async () => {
      return (await stage.lab.etcd.get(presence)) === undefined;
    });
  },
);

function becomesExclusive(
  name: string,
  when: string,
  changeAndLose: (stage: Stage, presence: string, change: () => Promise<void>) => Promise<void>,
): Scenario {
  return {
    name,
    asks: `${when}, so its copy there has no guard: no time makes up for that, it is begun nowhere until the machine is heard, and then runs once`,
    lab: exclusiveLab,
    play: async (stage) => {
      const lost = await stage.follower();
      // It may run there only, so it has its place there still when the machine is known to be lost.
      const before = onMachines("convert", [lost]);
      const after = {
        name: before.name,
        text: `[Service]\nExecStart=/bin/sleep infinity\n${exclusiveLines}`,
      };
      const { holder, machines } = stage.lab;
      stage.graceMs = 120_000;
      await stage.start([before, ...plain(3)]);
      await stage.settle();
      const others = stage.machines.filter((machine) => machine !== lost);
      stage.away([lost], false);
      await stage.act(`cut ${lost} off`, async () => await cut(holder, lost));
      await changeAndLose(stage, `/_coreos.com/fleet/machines/${machines.id(lost)}`, async () => {
        await stage.start([{ ...after, isGlobal: false }], others, ["--replace"]);
      });
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
}

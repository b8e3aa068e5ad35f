// The configuration of machines that run changes.
import type { Scenario } from "../e2e/scenario.js";
import { mixed, plain } from "../e2e/unit-spec.js";
import { exclusiveLab, exclusiveLines, onMachine } from "./exclusive-support.js";
import { expectSame, snapshot, untilElsewhere } from "./loss.js";

/** Another `agent_ttl`. */
export const ttlChanged: Scenario = {
  name: "ttl-changed",
  asks: "agent_ttl is raised and then lowered, with systemctl restart fleetd on every machine: each lease gets it at once, nothing moves or stops, exclusive units neither, and a loss is noticed by it",
  lab: exclusiveLab,
  parameters: { units: 9 },
  play: async (stage, { units = 9 }) => {
    const calm = plain(2, "once").map((unit) => ({ ...unit, text: `${unit.text}${exclusiveLines}` }));
    await stage.start([...mixed(units), ...calm]);
    await stage.settle();
    const before = snapshot(stage);
    const { etcd, machines } = stage.lab;
    const ttls = [stage.ttlMs * 3, stage.ttlMs / 2];
    for (const ttlMs of ttls) {
      const seconds = ttlMs / 1_000;
      await stage.act(`agent_ttl = ${seconds}s on every machine; systemctl restart fleetd`, async () => {
        const edit = `sed -i 's/^agent_ttl.*/agent_ttl = "${seconds}s"/' /etc/fleet/fleet.conf`;
        for (const machine of stage.machines)
          await onMachine(stage, machine, `${edit}\nsystemctl restart fleetd`);
      });
      const fromMs = stage.nowMs();
      const doneMs = await stage.until("every lease to have it", 30_000, async () => {
        for (const machine of stage.machines) {
          const key = `/_coreos.com/fleet/machines/${machines.id(machine)}`;
          if ((await etcd.leaseSeconds(key)) !== seconds) return false;
        }
        return true;
      });
      stage.measure(`restarted to leases of ${seconds} s`, doneMs - fromMs);
      await stage.pass(Math.max(stage.ttlMs, ttlMs) * 1.5, "a lost lease, or a deadline, would show by now");
      expectSame(stage, before, "I4");
    }
    const machine = await stage.follower();
    const moved = stage.timeline
      .look()
      .filter(
        (run) =>
          run.machine === machine &&
          stage.specs.get(run.unit)?.isGlobal === false &&
          !run.unit.startsWith("once"),
      )
      .map(({ unit }) => unit);
    for (const { name } of calm) stage.ask(name);
    stage.graceMs = 60_000;
    const atMs = await stage.cutPower([machine]);
    const elsewhereMs = await untilElsewhere(stage, moved, [machine]);
    stage.measure(
      `${moved.length} units, power cut to active elsewhere`,
      elsewhereMs - atMs,
      (ttls[1] ?? 0) + 1_000,
    );
    await stage.boot([machine]);
  },
};

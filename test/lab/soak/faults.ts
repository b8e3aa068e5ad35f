// Carries faults out, and notes for the judgement when which machine was away.
import { LabError, sleep } from "@fleet/lab";
import type { Stage } from "../e2e/stage.js";
import { cut, cutOneWay, heal } from "../network.js";
import type { Frost } from "./exclusive-judge.js";
import { type FaultKind, faultText, type Round } from "./fault-plan.js";
import type { Span } from "./reasons.js";

/** What faults are carried out with. */
export interface Disturbed {
  readonly stage: Stage;
  readonly frost: Frost;
  readonly etcdAway: Span[];
  /** When fleetd of a machine was not there. */
  readonly pauses: (Span & { readonly machine: string })[];
  /** The machines to which something is being done in this round. */
  readonly suffering: Set<string>;
}

const killFleetd = ["systemctl", "kill", "--kill-whom=all", "--signal=KILL", "fleetd.service"];

/** Something that takes longer on a busy host than anybody waits for is waited for once more. */
async function patiently(work: () => Promise<void>, more: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LabError && error.code === "timeout")) throw error;
    await more();
  }
}

async function boot({ stage }: Disturbed, machine: string): Promise<void> {
  const { machines } = stage.lab;
  await patiently(
    async () => await machines.boot([machine]),
    async () => await machines.waitUntilUp(machine),
  );
  stage.back([machine]);
}

async function startEtcd({ stage }: Disturbed, members: readonly string[]): Promise<void> {
  const start = async () => await stage.lab.etcd.start(members);
  await patiently(start, start);
}

async function etcdLeader({ stage }: Disturbed): Promise<string> {
  return (await stage.lab.etcd.leader()) ?? "e1";
}

function notRunning(error: unknown): { readonly code: number; readonly stderr: string } {
  if (error instanceof LabError) return { code: -1, stderr: error.message };
  throw error;
}

type Carry = (disturbed: Disturbed, machine: string, lasts: () => Promise<void>) => Promise<void>;

const silence =
  (begin: (disturbed: Disturbed, machine: string) => Promise<void>): Carry =>
  async (disturbed, machine, lasts) => {
    disturbed.stage.away([machine], false);
    await begin(disturbed, machine);
    await lasts();
    await heal(disturbed.stage.lab.holder, machine);
    disturbed.stage.back([machine]);
  };

const oneWay = (isOut: boolean): Carry =>
  silence(async ({ stage }, machine) => {
    const { holder, etcd } = stage.lab;
    for (const member of etcd.names) {
      const [from, to] = isOut ? [machine, member] : [member, machine];
      await cutOneWay(holder, from, to).catch((error: unknown) => {
        // The member has lost its power, and its link with it.
        stage.say(notRunning(error).stderr.split("\n")[0] ?? "");
      });
    }
  });

/** How long it takes at most until fleetd is back and has renewed its lease. */
const pauseMs = 5_000;

function pause({ stage, pauses }: Disturbed, machine: string): void {
  pauses.push({ machine, fromMs: stage.nowMs(), toMs: stage.nowMs() + pauseMs });
}

const systemctl =
  (...words: readonly string[]): Carry =>
  async (disturbed, machine) => {
    const { stage } = disturbed;
    if (words.includes("fleetd.service")) pause(disturbed, machine);
    // It may be down already, by another fault of the round.
    const done = await stage.lab.machines.exec(machine, words).catch(notRunning);
    if (done.code !== 0) stage.say(`${machine}: ${words.join(" ")}: ${done.stderr.trim()}`);
  };

const loseMember =
  (choose: (disturbed: Disturbed) => Promise<string>, isPowerCut: boolean): Carry =>
  async (disturbed, _, lasts) => {
    const { etcd } = disturbed.stage.lab;
    const member = await choose(disturbed);
    disturbed.stage.say(`it is ${member}`);
    await (isPowerCut ? etcd.cutPower([member]) : etcd.kill([member]));
    await lasts();
    await startEtcd(disturbed, [member]);
  };

const carriers: Readonly<Record<FaultKind, Carry>> = {
  "power-cut": async (disturbed, machine, lasts) => {
    disturbed.stage.away([machine], true);
    await disturbed.stage.lab.machines.cutPower([machine]);
    await lasts();
    await boot(disturbed, machine);
  },
  kill: async (disturbed, machine, lasts) => {
    disturbed.stage.away([machine], true);
    await disturbed.stage.lab.machines.kill([machine]);
    await lasts();
    await boot(disturbed, machine);
  },
  reboot: async ({ stage }, machine) => {
    stage.away([machine], true);
    const before = await stage.lab.machines.reboot(machine);
    await patiently(
      async () => await stage.lab.machines.waitUntilRebooted(machine, before),
      async () => await stage.lab.machines.waitUntilUp(machine),
    );
    stage.back([machine]);
  },
  freeze: async ({ stage, frost }, machine, lasts) => {
    stage.away([machine], false);
    frost.freeze(machine, stage.nowMs());
    await stage.lab.machines.freeze(machine, true);
    await lasts();
    await stage.lab.machines.freeze(machine, false);
    frost.thaw(machine, stage.nowMs());
    stage.back([machine]);
  },
  cut: silence(async ({ stage }, machine) => await cut(stage.lab.holder, machine)),
  "cut-out": oneWay(true),
  "cut-in": oneWay(false),
  "cut-from-etcd-leader": async (disturbed, machine, lasts) => {
    const { holder } = disturbed.stage.lab;
    const member = await etcdLeader(disturbed);
    disturbed.stage.say(`it is ${member}`);
    await cut(holder, machine, [member]);
    await lasts();
    await heal(holder, machine);
  },
  "fleetd-killed": systemctl(...killFleetd),
  "fleetd-restarted": systemctl("systemctl", "restart", "fleetd.service"),
  "bus-restarted": systemctl("systemctl", "restart", "dbus.service"),
  "every-fleetd-killed": async (disturbed) => {
    const { machines } = disturbed.stage.lab;
    for (const name of machines.names) {
      if ((await machines.state(name)) !== "on") continue;
      pause(disturbed, name);
      await machines.exec(name, killFleetd).catch(notRunning);
    }
  },
  "etcd-leader-lost": loseMember(etcdLeader, true),
  "etcd-leader-killed": loseMember(etcdLeader, false),
  "etcd-follower-lost": loseMember(async (disturbed) => {
    const leader = await etcdLeader(disturbed);
    return disturbed.stage.lab.etcd.names.find((name) => name !== leader) ?? leader;
  }, true),
  "etcd-leader-cut": async (disturbed, _, lasts) => {
    const { holder } = disturbed.stage.lab;
    const member = await etcdLeader(disturbed);
    disturbed.stage.say(`it is ${member}`);
    await cut(holder, member);
    await lasts();
    await heal(holder, member);
  },
  "etcd-all-killed": async (disturbed, _, lasts) => {
    const span: Span = { fromMs: disturbed.stage.nowMs() };
    disturbed.etcdAway.push(span);
    await disturbed.stage.lab.etcd.kill();
    await lasts();
    await startEtcd(disturbed, disturbed.stage.lab.etcd.names);
    span.toMs = disturbed.stage.nowMs();
  },
};

/** What was done in a round. */
export interface Done {
  readonly text: string;
  readonly machine: string;
}

/** Carries the faults of a round out, all of them to their end. */
export async function carryOut(disturbed: Disturbed, { faults }: Round): Promise<readonly Done[]> {
  const { stage, suffering } = disturbed;
  suffering.clear();
  for (const { target } of faults) suffering.add(target);
  if (suffering.delete("leader")) suffering.add(await leaderBut(stage, suffering));
  const leader = [...suffering].find((machine) => faults.every(({ target }) => target !== machine));
  return await Promise.all(
    faults.map(async (fault) => {
      await sleep(fault.afterMs, stage.signal);
      const machine = fault.target === "leader" ? (leader ?? "") : fault.target;
      const text = faultText(fault, machine);
      stage.say(text);
      await carriers[fault.kind](disturbed, machine, async () => {
        if (fault.lastsMs > 0) await sleep(fault.lastsMs, stage.signal);
      });
      stage.say(`${text}: over`);
      return { text, machine };
    }),
  );
}

/** The machine that leads; another one if nobody does, or if something else is being done to it. */
async function leaderBut(stage: Stage, suffering: ReadonlySet<string>): Promise<string> {
  const leader = await stage.leader().catch(() => undefined);
  if (leader !== undefined && !suffering.has(leader)) return leader;
  return stage.machines.find((machine) => !suffering.has(machine)) ?? stage.machines[0] ?? "";
}

import type { SimMachine } from "../machine/sim-machine.js";
import type { World } from "../world.js";
import { spoil } from "./bad-record.js";
import { type Deed, theLeader, unitAtHome } from "./step.js";

type Handlers = {
  readonly [K in Deed["kind"]]: (world: World, deed: Extract<Deed, { kind: K }>) => void;
};

/** Does it. What is to end after a while ends by itself, or when everything is mended. */
export function applyDeed(world: World, deed: Deed): void {
  world.log("fate", describeDeed(world, deed));
  world.faults.set(deed.kind, (world.faults.get(deed.kind) ?? 0) + 1);
  (handlers[deed.kind] as (world: World, deed: Deed) => void)(world, deed);
}

/** Says what befalls. */
export function describeDeed(world: World, deed: Deed): string {
  const { kind, ...details } = deed;
  if (deed.kind === "user") return `somebody asks ${deed.via}`;
  const words = Object.entries(details).map(([name, value]) => {
    const isFound = value === theLeader || (typeof value === "string" && unitAtHome(value) !== undefined);
    const who = isFound ? `${whose(world, value)?.name ?? "nobody"} (the ${value})` : value;
    return `${name}=${typeof who === "object" ? JSON.stringify(who) : who}`;
  });
  return [kind, ...words].join(" ");
}

function whose(world: World, name: string): SimMachine | undefined {
  const unit = unitAtHome(name);
  if (unit !== undefined) {
    const id = world.truth.seats().find(([, of]) => of === unit)?.[0];
    return id === undefined ? undefined : world.machineById(id);
  }
  return name === theLeader ? world.leader() : world.machines.find((machine) => machine.name === name);
}

function lasting(world: World, ms: number, undo: () => void): void {
  world.lasting(ms, undo);
}

const handlers: Handlers = {
  user: (world, { via, request }) => {
    const machine = whose(world, via) ?? world.machines[0];
    if (machine !== undefined) world.users.ask(machine, request);
  },
  crash: (world, { machine, downMs }) => whose(world, machine)?.crash(downMs),
  "crash-at": (world, { machine: name, what, side, nth, downMs }) => {
    const machine = whose(world, name);
    let left = nth;
    machine?.running?.process.trap({
      matches: (point) => {
        if (world.isMended) return false;
        if (point.side === side && (what === "" || point.what === what)) left -= 1;
        return left <= 0;
      },
      spring: () => {
        world.log(machine.name, `crashes ${side} ${what === "" ? "something" : what}`);
        machine.crash(downMs);
      },
    });
  },
  restart: (world, { machine }) => whose(world, machine)?.restart(),
  "restart-all": (world, { stay }) => {
    for (const machine of world.machines) {
      if (!stay.includes(machine.name)) {
        machine.crash(200);
        continue;
      }
      machine.powerOff();
      lasting(world, 60_000, () => machine.powerOn());
    }
  },
  "power-off": (world, { machine: name, offMs }) => {
    const machine = whose(world, name);
    machine?.powerOff();
    lasting(world, offMs, () => machine?.powerOn());
  },
  "power-off-many": (world, { machines, withinMs, offMs }) => {
    for (const [index, name] of machines.entries()) {
      const machine = world.machine(name);
      const afterMs = (withinMs * index) / machines.length;
      world.scheduler.after(afterMs, () => {
        if (!world.isMended) machine.powerOff();
      });
      lasting(world, Math.max(afterMs + 1_000, offMs + 700 * index), () => machine.powerOn());
    }
  },
  "shut-down": (world, { machine: name, offMs }) => {
    const machine = whose(world, name);
    machine?.shutDown();
    lasting(world, 2_000 + offMs, () => machine?.powerOn());
  },
  freeze: (world, { machine: name, ms, suspended }) => {
    const machine = whose(world, name);
    if (machine !== undefined) freeze(world, machine, ms, suspended);
  },
  "freeze-at": (world, { machine: name, what, side, ms }) => {
    const machine = whose(world, name);
    machine?.running?.process.trap({
      matches: (point) => point.side === side && point.what === what && !world.isMended,
      spring: () => {
        world.log(machine.name, `freezes ${side} ${what}`);
        freeze(world, machine, ms, false);
      },
    });
  },
  link: (world, { machines, mode, ms }) => {
    const links = machines.flatMap((name) => whose(world, name)?.link ?? []);
    for (const link of links) link.set(mode);
    lasting(world, ms, () => {
      for (const link of links) link.set("up");
    });
  },
  "link-slow": (world, { machine, factor, ms }) => {
    const link = whose(world, machine)?.link;
    if (link === undefined) return;
    link.slowness = factor;
    lasting(world, ms, () => {
      link.slowness = 1;
    });
  },
  "link-break": (world, { machine }) => whose(world, machine)?.link.breakNow(),
  "lose-replies": (world, { machine, count }) => {
    const link = whose(world, machine)?.link;
    if (link !== undefined) link.repliesToLose = count;
  },
  "late-writes": (world, { machine, count, ms }) => {
    const link = whose(world, machine)?.link;
    if (link !== undefined) link.lateWrites = { left: count, ms };
  },
  "clock-step": (world, { machine, byMs }) => whose(world, machine)?.clocks.step(byMs),
  "etcd-down": (world, { ms }) => {
    world.server.goDown();
    lasting(world, ms, () => world.server.comeUp());
  },
  "etcd-leader-change": (world) => world.server.changeLeader(),
  "etcd-compact": (world) => world.server.compact(),
  "etcd-backup": (world) => {
    world.backups.push(world.server.save());
  },
  "etcd-restore": (world, { acceptAfterMs }) => {
    const backup = world.backups.pop();
    if (backup !== undefined) goBack(world, backup, acceptAfterMs);
  },
  "etcd-wipe": (world, { acceptAfterMs }) => goBack(world, undefined, acceptAfterMs),
  jobs: (world, { machine: name, mode, ms }) => {
    const machine = whose(world, name);
    machine?.setJobs(mode);
    lasting(world, ms, () => machine?.setJobs("quick"));
  },
  "by-hand": (world, { machine, what, unit }) => void whose(world, machine)?.byHand(what, unit),
  "unit-dies": (world, { machine, unit }) => whose(world, machine)?.die(unit),
  "host-unit": (world, { machine, unit }) => {
    whose(world, machine)?.systemd.addHostUnit(unit, "[Service]\nExecStart=/usr/bin/sleep 1000\n", true);
  },
  "bus-cut": (world, { machine: name, ms }) => {
    const machine = whose(world, name);
    machine?.systemd.cut();
    lasting(world, ms, () => machine?.systemd.mend());
  },
  spin: (world) => {
    const again = (): void => void world.scheduler.after(0, again);
    again();
  },
  reexec: (world, { machine: name }) => {
    const machine = whose(world, name);
    machine?.systemd.cut();
    world.scheduler.after(50, () => machine?.systemd.mend());
  },
  "bad-record": (world, { key, garbage, ms }) => spoil(world, key, garbage, ms),
};

function freeze(world: World, machine: SimMachine, ms: number, suspended: boolean): void {
  const process = machine.running?.process;
  process?.freeze();
  machine.doubtLatestActs();
  const sinceMs = world.nowMs;
  if (suspended) machine.clocks.suspend();
  lasting(world, ms, () => {
    if (suspended) {
      machine.clocks.resume();
      machine.guard.look();
    }
    machine.link.noteSilence(sinceMs);
    process?.thaw();
  });
}

function goBack(world: World, backup: Parameters<World["restore"]>[0], acceptAfterMs: number): void {
  world.restore(backup);
  world.scheduler.after(acceptAfterMs, () => world.users.acceptIfFrozen());
}

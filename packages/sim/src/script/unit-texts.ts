import type { Chance } from "../chance.js";

/** The names of the units of a world: plain ones, instances of one template, and ones that are mostly global. */
export function unitNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    if (index % 5 === 3) return `web@${index}.service`;
    return index % 5 === 4 ? `every${index}.service` : `u${index}.service`;
  });
}

/** A text that can be told from others, with some demands. */
export function unitText(mark: string, demands: readonly string[], isOneshot = false): string {
  const type = isOneshot ? "Type=oneshot\nRemainAfterExit=yes\n" : "";
  const own = demands.length === 0 ? "" : `[X-Fleet]\n${demands.map((line) => `${line}\n`).join("")}`;
  return `# ${mark}\n[Service]\n${type}ExecStart=/bin/sleep 1000\n${own}`;
}

/** Demands on metadata that are more than a value. */
const operators = ["kernel>=6", "kernel<6.12", "zone!=a", "!gpu", "gpu", "disk~=s*"];

/** The demand for one machine. */
export function pinTo(machine: string): string {
  return `MachineID=${machine.padEnd(32, "0")}`;
}

/** Chooses what a unit demands. */
export function chooseDemands(
  chance: Chance,
  unit: string,
  units: readonly string[],
  machines: number,
): readonly string[] {
  const other = (): string => chance.pick(units.filter((name) => name !== unit && !name.startsWith("every")));
  if (unit.startsWith("every") && chance.happens(0.8)) {
    const also = chance.weighted({ nothing: 3, zone: 2, conflicts: 2 });
    if (also === "nothing") return ["Global=true"];
    return ["Global=true", also === "zone" ? "MachineMetadata=zone=a" : `Conflicts=${other()}`];
  }
  if (unit.startsWith("web@") && chance.happens(0.5)) {
    return [chance.pick(["Conflicts=web@*.service", "Spread=zone"])];
  }
  const one = (): string => {
    const kind = chance.weighted({
      conflicts: 4,
      metadata: 3,
      operator: 2,
      machineOf: 3,
      machineId: 1,
      replaces: 1,
      reserve: 2,
      wish: 1,
      exclusive: 2,
    });
    switch (kind) {
      case "conflicts":
        return `Conflicts=${other()}`;
      case "metadata":
        return `MachineMetadata=${chance.pick(["zone=a", "zone=b", "disk=ssd", "disk=hdd", "gpu=1"])}`;
      case "operator":
        return `MachineMetadata=${chance.pick(operators)}`;
      case "reserve":
        return `Reserve=slots=${chance.pick([1, 1, 2])}`;
      case "wish":
        return chance.pick(["Prefer=50:disk=ssd", "Avoid=zone=a", `Avoid=80:unit:${other()}`]);
      case "exclusive":
        return "Exclusive=true";
      case "machineOf":
        // Global units, too: wherever one is, others can follow it.
        return `MachineOf=${chance.pick(units.filter((name) => name !== unit))}`;
      case "machineId":
        return pinTo(`m${chance.between(1, machines)}`);
      case "replaces":
        return `Replaces=${other()}`;
    }
  };
  const count = Number(chance.weighted({ "0": 4, "1": 5, "2": 1 }));
  return Array.from({ length: count }, one);
}

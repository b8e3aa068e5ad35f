/** A unit that a scenario asks for, and what must hold of it wherever it runs. */
export interface UnitSpec {
  readonly name: string;
  readonly text: string;
  /** It is to run on every machine that matches. */
  readonly isGlobal: boolean;
  /** `undefined` for any machine; otherwise the machines that its rules allow. */
  readonly allowed?: readonly string[];
  /** Never on one machine with units of this group but itself. */
  readonly apart?: string;
}

const service = (lines: readonly string[] = []): string =>
  ["[Service]", "ExecStart=/bin/sleep infinity", ...lines].join("\n");

/** `count` plain units, that may run anywhere: `plain-1.service`, … */
export function plain(count: number, prefix = "plain", lines: readonly string[] = []): readonly UnitSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${prefix}-${index + 1}.service`,
    text: `${service(lines)}\n`,
    isGlobal: false,
  }));
}

/** One unit that is to run on every machine. */
export function everywhere(name = "everywhere"): UnitSpec {
  return { name: `${name}.service`, text: `${service()}\n[X-Fleet]\nGlobal=true\n`, isGlobal: true };
}

/** `count` units of which no two may share a machine. */
export function apart(count: number, prefix = "apart"): readonly UnitSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${prefix}-${index + 1}.service`,
    text: `${service()}\n[X-Fleet]\nConflicts=${prefix}-*.service\n`,
    isGlobal: false,
    apart: prefix,
  }));
}

/** A unit for machines with one of these numbers in their metadata. */
export function onMachines(name: string, machines: readonly string[]): UnitSpec {
  const values = machines.map((machine) => `"number=${machine.slice(1)}"`).join(" ");
  return {
    name: `${name}.service`,
    text: `${service()}\n[X-Fleet]\nMachineMetadata=${values}\n`,
    isGlobal: false,
    allowed: machines,
  };
}

/** A bit of everything: plain units, one everywhere, two apart, one for two machines only. */
export function mixed(count: number): readonly UnitSpec[] {
  return [...plain(count), everywhere(), ...apart(2), onMachines("picky", ["m1", "m2"])];
}

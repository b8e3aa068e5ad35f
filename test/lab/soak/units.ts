// The sixty units of a soak: every rule there is, and what must hold of each wherever it runs.

import type { UnitSpec } from "../e2e/unit-spec.js";
import { sharedPlace } from "../paths.js";

/** A unit of the soak, and what is to be true of it when all is calm. */
export interface SoakUnit extends UnitSpec {
  /** Which rule it is there for. */
  readonly rule: string;
  readonly isExclusive: boolean;
  /** The unit on whose machine it runs. */
  readonly follows?: string;
  /** The unit that makes way for it. */
  readonly replaces?: string;
  /** Users may ask for its end and its return. */
  readonly mayBeAsked: boolean;
}

/** The program of the exclusive units, which the machines share: it writes who it is, four times a second. */
export const beatProgram = `
[ "$2" != stubborn ] || trap "" TERM
exec {never}<> <(:)
while :; do
  printf "%s %s %s %s\\n" "$1" "$HOSTNAME" "\${FLEET_FENCING_TOKEN:--}" "$EPOCHREALTIME" >>${sharedPlace}/beats
  read -r -t 0.25 -u "$never"
done
`;

interface Shape {
  readonly rules?: readonly string[];
  readonly service?: readonly string[];
  readonly allowed?: readonly string[];
  readonly more?: Partial<SoakUnit>;
}

function unit(rule: string, name: string, shape: Shape = {}): SoakUnit {
  const sleep = ["ExecStart=/bin/sleep infinity"];
  const lines = ["[Service]", ...(shape.service ?? sleep), "Slice=system.slice"];
  if (shape.rules !== undefined) lines.push("[X-Fleet]", ...shape.rules);
  return {
    name: `${name}.service`,
    text: `${lines.join("\n")}\n`,
    isGlobal: false,
    rule,
    isExclusive: false,
    mayBeAsked: false,
    ...(shape.allowed === undefined ? {} : { allowed: shape.allowed }),
    ...shape.more,
  };
}

function count<T>(howMany: number, make: (number: number) => T): readonly T[] {
  return Array.from({ length: howMany }, (_, index) => make(index + 1));
}

const exclusive = (name: string, shape: Shape & { readonly stubborn?: boolean } = {}): SoakUnit =>
  unit("Exclusive", name, {
    ...shape,
    service: [
      `ExecStart=/bin/bash ${sharedPlace}/beat %n ${shape.stubborn === true ? "stubborn" : "obedient"}`,
      ...(shape.stubborn === true ? ["TimeoutStopSec=4"] : []),
    ],
    rules: ["Exclusive=true", ...(shape.rules ?? [])],
    more: { isExclusive: true, ...shape.more },
  });

function demands(): readonly SoakUnit[] {
  const rows: readonly [string, readonly string[]][] = [
    ['"number=1" "number=2"', ["m1", "m2"]],
    ['"name~=m[1-3]"', ["m1", "m2", "m3"]],
    ['"number!=3"', ["m1", "m2", "m4", "m5"]],
    ['"number>=3"', ["m3", "m4", "m5"]],
    ['"number<3"', ["m1", "m2"]],
    ['"number>1" "number<=4" "number!=2"', ["m3", "m4"]],
    ['"name" "!gone"', ["m1", "m2", "m3", "m4", "m5"]],
  ];
  return rows.map(([expression, allowed], index) =>
    unit("MachineMetadata", `demand-${index + 1}`, {
      rules: [`MachineMetadata=${expression}`],
      allowed,
    }),
  );
}

/** All of them. @param machineId - The id of a machine by its name. */
export function soakUnits(machineId: (machine: string) => string): readonly SoakUnit[] {
  const apart = (group: string) => ({ rules: [`Conflicts=${group}-*.service`], more: { apart: group } });
  return [
    ...count(12, (n) => unit("none", `plain-${n}`, { more: { mayBeAsked: true } })),
    unit("Global", "global-all", { rules: ["Global=true"], more: { isGlobal: true } }),
    unit("Global", "global-some", {
      rules: ["Global=true", 'MachineMetadata="number<=3"'],
      allowed: ["m1", "m2", "m3"],
      more: { isGlobal: true },
    }),
    unit("Global", "global-polite", {
      rules: ["Global=true", "Conflicts=pinned-4.service"],
      allowed: ["m1", "m2", "m3", "m5"],
      more: { isGlobal: true, apart: "polite" },
    }),
    ...demands(),
    ...count(4, (n) => unit("Conflicts", `apart-${n}`, apart("apart"))),
    ...count(2, (n) => unit("Conflicts", `rival-${n}`, apart("rival"))),
    ...count(2, (n) => unit("MachineOf", `head-${n}`)),
    ...count(4, (n) => {
      const head = `head-${((n - 1) % 2) + 1}.service`;
      return unit("MachineOf", `tail-${n}`, { rules: [`MachineOf=${head}`], more: { follows: head } });
    }),
    ...count(4, (n) =>
      unit("MachineID", `pinned-${n}`, {
        rules: [`MachineID=${machineId(`m${n}`)}`],
        allowed: [`m${n}`],
        more: n === 4 ? { apart: "polite" } : {},
      }),
    ),
    ...count(2, (n) => unit("Replaces", `older-${n}`)),
    ...count(2, (n) =>
      unit("Replaces", `newer-${n}`, {
        rules: [`Replaces=older-${n}.service`],
        more: { replaces: `older-${n}.service` },
      }),
    ),
    unit("Prefer", "wish-1", { rules: ['Prefer="50:number=2" "number>=4"'] }),
    unit("Prefer", "wish-2", { rules: ["Prefer=unit:head-1.service"] }),
    unit("Avoid", "wish-3", { rules: ["Avoid=80:unit:plain-*"] }),
    unit("Avoid", "wish-4", { rules: ["Avoid=number=5"] }),
    ...count(4, (n) => unit("Spread", `spread@${n}`, { rules: ["Spread=number"] })),
    ...count(4, (n) => unit("Reserve", `slot-${n}`, { rules: ["Reserve=slots=1,cpu=50m"] })),
    ...count(2, (n) => exclusive(`only-${n}`, { more: { mayBeAsked: true } })),
    exclusive("only-3", { stubborn: true }),
    exclusive("only-4", { rules: ['MachineMetadata="number<=3"'], allowed: ["m1", "m2", "m3"] }),
    exclusive("only-5", apart5("only-6")),
    exclusive("only-6", apart5("only-5")),
  ];
}

const apart5 = (other: string): Shape => ({
  rules: [`Conflicts=${other}.service`],
  more: { apart: "only" },
});

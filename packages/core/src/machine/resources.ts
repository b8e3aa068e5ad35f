/**
 * Amounts of resources, by name: what a machine has, or what a unit reserves of it. `cpu` is in thousandths of a core,
 * `memory` in bytes, everything else is counted. Look names up with `Object.hasOwn`.
 */
export type Amounts = Readonly<Record<string, number>>;

/** The resources that fleetd measures by itself. */
export const measuredResources = { cpu: "cpu", memory: "memory" } as const;

/** Far more than any machine has, and few enough that sums of them stay exact. */
const amountMax = 2 ** 50;

const resourceName = /^[A-Za-z][A-Za-z0-9_.-]*$/;
const memorySize = /^(\d+(?:\.\d+)?)([KMGTP]?)$/;
const memoryUnits = ["", "K", "M", "G", "T", "P"] as const;

/** What {@link parseAmounts} makes of a text. */
export type ParsedAmounts = { readonly amounts: ReadonlyMap<string, number> } | { readonly problem: string };

/**
 * Reads `cpu=0.5,memory=512M,gpu=1`. Processors in cores or as `500m`; memory in bytes, or with systemd's K, M, G, T and P,
 * to the base of 1024; everything else in whole numbers. In the order of the text, no name twice.
 */
export function parseAmounts(text: string): ParsedAmounts {
  const amounts = new Map<string, number>();
  for (const part of text.split(",")) {
    const [name = "", amount = "", ...rest] = part.split("=").map((side) => side.trim());
    if (rest.length > 0 || !resourceName.test(name) || amount === "") {
      return { problem: `"${part.trim()}" is not of the form name=amount: write cpu=0.5,memory=512M` };
    }
    const value = parseAmount(name, amount);
    if (value === undefined) {
      return readAmount(name, amount) === undefined
        ? { problem: `"${amount}" is no amount of ${name}: write ${exampleOf(name)}` }
        : { problem: `"${amount}" is more ${name} than any machine has` };
    }
    if (amounts.has(name)) return { problem: `${name} is given twice` };
    amounts.set(name, value);
  }
  return { amounts };
}

/** Reads one amount. @returns `undefined` if it is none, or too large to be meant. */
export function parseAmount(name: string, text: string): number | undefined {
  const value = readAmount(name, text);
  return value !== undefined && value <= amountMax ? value : undefined;
}

/** Reads one amount of any size. */
function readAmount(name: string, text: string): number | undefined {
  if (name === measuredResources.cpu) return parseCpu(text);
  if (name === measuredResources.memory) return parseMemory(text);
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function parseCpu(text: string): number | undefined {
  if (/^\d+m$/.test(text)) return Number(text.slice(0, -1));
  const [, whole, , fraction = ""] = /^(\d+)(\.(\d{1,3}))?$/.exec(text) ?? [];
  return whole === undefined ? undefined : Number(whole) * 1000 + Number(fraction.padEnd(3, "0"));
}

function parseMemory(text: string): number | undefined {
  const [, number, unit] = memorySize.exec(text) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  return Math.floor(Number(number) * 1024 ** memoryUnits.indexOf(unit as (typeof memoryUnits)[number]));
}

function exampleOf(name: string): string {
  if (name === measuredResources.cpu) return "cpu=0.5 or cpu=500m";
  return name === measuredResources.memory ? "memory=512M or memory=2G" : `${name}=1`;
}

/** Prints an amount as one would write it: `0.5`, `512M`, `2`; memory rounded down to three digits where it is not exact. */
export function formatAmount(name: string, amount: number): string {
  if (name === measuredResources.cpu) return String(amount / 1000);
  if (name !== measuredResources.memory) return String(amount);
  let power = 0;
  let size = amount;
  while (size >= 1024 && power < memoryUnits.length - 1) {
    size /= 1024;
    power += 1;
  }
  const digits = size >= 100 ? 1 : size >= 10 ? 10 : 100;
  return `${Math.floor(size * digits) / digits}${memoryUnits[power]}`;
}

/** Prints amounts by name: `cpu=0.5,memory=512M`. */
export function formatAmounts(amounts: Amounts): string {
  return Object.entries(amounts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => `${name}=${formatAmount(name, amount)}`)
    .join(",");
}

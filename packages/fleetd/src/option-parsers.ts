/** Turns the text of an option into its value, or says what is wrong with it. */
export type OptionParser<T> = (text: string) => { readonly value: T } | { readonly problem: string };

/** Any text. */
export const text: OptionParser<string> = (input) => ({ value: input });

/** `true`/`false` and the words that the original took for them; anything else is refused instead of read as false. */
export const flag: OptionParser<boolean> = (input) => {
  const word = input.toLowerCase();
  if (["true", "1", "yes", "on", "t"].includes(word)) return { value: true };
  if (["false", "0", "no", "off", "f"].includes(word)) return { value: false };
  return { problem: "expected true or false" };
};

/** An integer within bounds, both included. */
export function integer(min: number, max: number): OptionParser<number> {
  return (input) => {
    const value = Number(input);
    if (input.trim() === "" || !Number.isInteger(value)) return { problem: "expected an integer" };
    if (value < min || value > max) return { problem: `expected a number from ${min} to ${max}` };
    return { value };
  };
}

/** A number of seconds (`1.5`), yielded in ms. */
export function seconds(min: number, max: number): OptionParser<number> {
  return (input) => {
    const value = Number(input);
    if (input.trim() === "" || !Number.isFinite(value)) return { problem: "expected a number of seconds" };
    if (value < min || value > max) return { problem: `expected ${min} to ${max} seconds` };
    return { value: value * 1000 };
  };
}

const durationUnitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration with its unit, in Go's way (`30s`, `1m30s`, `1500ms`), yielded in ms. */
export function duration(minMs: number, maxMs: number): OptionParser<number> {
  return (input) => {
    const parts = [...input.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
    if (parts.length === 0 || parts.map((part) => part[0]).join("") !== input) {
      return { problem: 'expected a duration with its unit, like "30s" or "1m30s"' };
    }
    const value = parts.reduce(
      (sum, part) => sum + Number(part[1]) * (durationUnitMs[part[2] ?? ""] ?? 0),
      0,
    );
    if (value < minMs || value > maxMs) {
      return { problem: `expected ${minMs / 1000}s to ${maxMs / 1000}s` };
    }
    return { value };
  };
}

/** A list in the original's lenient notation: `a,b` and `["a", "b"]` are equal. An empty text is an empty list. */
export const list: OptionParser<readonly string[]> = (input) => ({
  value: input
    .split(",")
    .map((item) => item.replace(/^[\s["']+/, "").replace(/[\s"'\]]+$/, ""))
    .filter((item) => item !== ""),
});

/** A list of http or https URLs with a host. */
export const urlList: OptionParser<readonly string[]> = (input) => {
  const items = list(input);
  if ("problem" in items) return items;
  if (items.value.length === 0) return { problem: "expected at least one URL" };
  for (const item of items.value) {
    if (!URL.canParse(item) || !/^https?:\/\/[^/]/.test(item)) {
      return { problem: `"${item}" is no http or https URL, like "http://127.0.0.1:2379"` };
    }
  }
  return items;
};

/** An absolute path, or nothing. */
export const optionalPath: OptionParser<string> = (input) =>
  input === "" || input.startsWith("/") ? { value: input } : { problem: "expected an absolute path" };

/** An absolute path. */
export const path: OptionParser<string> = (input) =>
  input.startsWith("/") ? { value: input } : { problem: "expected an absolute path" };

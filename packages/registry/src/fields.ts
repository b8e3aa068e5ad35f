import { FleetError } from "@fleet/core";

/** Reads the fields of a stored JSON object one by one, naming the first that is not as it must be. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #place: string;

  private constructor(values: Readonly<Record<string, unknown>>, place: string) {
    this.#values = values;
    this.#place = place;
  }

  /** @throws {FleetError} `internal` if the text is not a JSON object. */
  static parse(text: string): Fields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new FleetError("internal", "is not JSON", { cause });
    }
    return Fields.of(value, "");
  }

  /** @throws {FleetError} `internal` if the value is not an object. */
  static of(value: unknown, place: string): Fields {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FleetError("internal", `${place === "" ? "the value" : place} is not an object`);
    }
    return new Fields(value as Readonly<Record<string, unknown>>, place);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name) && this.#values[name] !== undefined;
  }

  string(name: string): string {
    const value = this.#get(name);
    return typeof value === "string" ? value : this.#fail(name, "a text");
  }

  /** A text of a certain form, such as a hash. */
  matching(name: string, pattern: RegExp, what: string): string {
    const value = this.string(name);
    return pattern.test(value) ? value : this.#fail(name, what);
  }

  /** A text that one of our parsers accepts. */
  parsed<T>(name: string, parse: (text: string) => T): T {
    const value = this.string(name);
    try {
      return parse(value);
    } catch (error) {
      throw new FleetError("internal", `${this.#path(name)}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** One of a few words. */
  word<T extends string>(name: string, words: readonly T[]): T {
    const value = this.#get(name);
    return words.find((word) => word === value) ?? this.#fail(name, `one of ${words.join(", ")}`);
  }

  boolean(name: string): boolean {
    const value = this.#get(name);
    return typeof value === "boolean" ? value : this.#fail(name, "true or false");
  }

  /** A whole number from 0 on: a revision, a count, a moment. */
  count(name: string): number {
    const value = this.#get(name);
    const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    return isCount ? value : this.#fail(name, "a whole number");
  }

  strings(name: string): readonly string[] {
    const value = this.#get(name);
    const isList = Array.isArray(value) && value.every((entry) => typeof entry === "string");
    return isList ? value : this.#fail(name, "a list of texts");
  }

  texts(name: string): Readonly<Record<string, string>> {
    const value = this.#get(name);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    const isTable = isObject && Object.values(value).every((entry) => typeof entry === "string");
    return isTable ? (value as Readonly<Record<string, string>>) : this.#fail(name, "an object of texts");
  }

  /** Whole numbers from 0 on, by name. */
  counts(name: string): Readonly<Record<string, number>> {
    const fields = this.fields(name);
    return Object.fromEntries(Object.keys(fields.#values).map((key) => [key, fields.count(key)]));
  }

  fields(name: string): Fields {
    return Fields.of(this.#get(name), this.#path(name));
  }

  list(name: string): readonly Fields[] {
    const value = this.#get(name);
    if (!Array.isArray(value)) return this.#fail(name, "a list");
    return value.map((entry, index) => Fields.of(entry, `${this.#path(name)}[${index}]`));
  }

  /** A field that may be missing, as an object to spread: empty then. */
  optional<K extends string, T>(name: K, read: (name: K) => T): { readonly [N in K]?: T } {
    if (!this.has(name)) return {};
    return { [name]: read(name) } as { readonly [N in K]?: T };
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  #path(name: string): string {
    return this.#place === "" ? name : `${this.#place}.${name}`;
  }

  #fail(name: string, expected: string): never {
    throw new FleetError("internal", `${this.#path(name)} is not ${expected}`);
  }
}

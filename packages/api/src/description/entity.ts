/** How a JSON value looks, in terms that every description of the API can be written in. */
export type ValueSchema = {
  /** For people. */
  readonly about?: string;
  /** The field always stands; others are left out when they are empty. */
  readonly required?: true;
} & (
  | { readonly kind: "text"; readonly words?: readonly string[] }
  | { readonly kind: "number" }
  | { readonly kind: "flag" }
  | { readonly kind: "list"; readonly of: ValueSchema }
  | { readonly kind: "map"; readonly of: ValueSchema }
  | { readonly kind: "entity"; readonly name: string }
);

/** How an entity looks: a JSON object with a name. */
export interface EntitySchema {
  readonly name: string;
  readonly about: string;
  readonly fields: Readonly<Record<string, ValueSchema>>;
}

type KindOf<V> = [V] extends [string]
  ? "text"
  : [V] extends [number]
    ? "number"
    : [V] extends [boolean]
      ? "flag"
      : [V] extends [readonly unknown[]]
        ? "list"
        : "map" | "entity";

type IsOptional<T, K extends keyof T> = Partial<Pick<T, K>> extends Pick<T, K> ? true : false;

/** Exactly the fields of `T`, each of its kind, and `required` where the type says so. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: ValueSchema & { readonly kind: KindOf<NonNullable<T[K]>> } & (IsOptional<
      T,
      K
    > extends true
      ? { readonly required?: never }
      : { readonly required: true });
};

/** Describes the entity of a type: if the type gets another field, this no longer compiles. */
export function entity<T extends object>(name: string, about: string, fields: FieldsOf<T>): EntitySchema {
  return { name, about, fields: fields as unknown as Readonly<Record<string, ValueSchema>> };
}

/** A text. @param about - For people. */
export function text(about?: string): { readonly kind: "text"; readonly about?: string } {
  return about === undefined ? { kind: "text" } : { kind: "text", about };
}

/** One of some words. */
export function oneOf(
  words: readonly string[],
  about: string,
): { readonly kind: "text"; readonly words: readonly string[]; readonly about: string } {
  return { kind: "text", words, about };
}

/** A whole number. */
export function number(about: string): { readonly kind: "number"; readonly about: string } {
  return { kind: "number", about };
}

/** True or false. */
export function flag(about: string): { readonly kind: "flag"; readonly about: string } {
  return { kind: "flag", about };
}

/** A list of values. */
export function listOf(
  of: ValueSchema,
  about?: string,
): { readonly kind: "list"; readonly of: ValueSchema; readonly about?: string } {
  return about === undefined ? { kind: "list", of } : { kind: "list", of, about };
}

/** A named entity in the place of a value. */
export function ref(name: string): { readonly kind: "entity"; readonly name: string } {
  return { kind: "entity", name };
}

/** The same, for a field that always stands. */
export function always<S extends ValueSchema>(schema: S): S & { readonly required: true } {
  return { ...schema, required: true };
}

/** What documents for programs are made of. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** Words that readers of YAML 1.1 or 1.2 would take for something other than a text. */
const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
/** Texts that no version of YAML could misread: a letter first, then nothing with a meaning of its own. */
const bare = /^[A-Za-z][A-Za-z0-9_.@/-]*$/;

/**
 * Writes plain data as YAML: block style, two spaces a level, texts in double quotes unless they are plain words. The quoted
 * form is JSON's, which every YAML reader takes.
 */
export function renderYaml(value: Plain): string {
  return `${block(value, "")}\n`;
}

function block(value: Plain, indent: string): string {
  if (isList(value)) {
    if (value.length === 0) return "[]";
    return value.map((item) => `${indent}- ${block(item, `${indent}  `).trimStart()}`).join("\n");
  }
  if (typeof value !== "object" || value === null) return scalar(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  return entries.map(([key, item]) => `${indent}${scalar(key)}:${afterColon(item, indent)}`).join("\n");
}

function afterColon(value: Plain, indent: string): string {
  const isBlock = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  // Lists stand no deeper than their key, as most emitters write them.
  if (isBlock) return `\n${block(value, isList(value) ? indent : `${indent}  `)}`;
  return ` ${block(value, indent)}`;
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return String(value);
  if (bare.test(value) && !reserved.test(value)) return value;
  // JSON leaves some characters as they are that YAML does not print.
  return JSON.stringify(value).replaceAll(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

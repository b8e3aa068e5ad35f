const prefix = "/org/freedesktop/systemd1/unit/";

/**
 * The D-Bus object of a unit: every byte that is not a letter or a digit, and a digit in front, becomes `_` and two
 * hexadecimal digits.
 */
export function unitPath(name: string): string {
  const escaped = name.replace(/[^A-Za-z0-9]|^[0-9]/g, (character) => {
    return `_${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return prefix + (escaped === "" ? "_" : escaped);
}

/** The name of the unit whose object this is, or `undefined` if the path is not a unit's. */
export function unitNameOfPath(path: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  return path
    .slice(prefix.length)
    .replace(/_([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

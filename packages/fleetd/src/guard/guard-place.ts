/** The name of the guard's unit. */
export const guardUnit = "fleet-guard.service";

/**
 * The cgroup below which the systemd that started the guard keeps its units: that of the guard without its own name and the
 * slices above it. @param text - The guard's `/proc/self/cgroup`.
 */
export function managerGroup(text: string): string {
  for (const line of text.split("\n")) {
    const path = /^\d+:(?:name=systemd)?:(\/.*)$/.exec(line)?.[1];
    const parts = path?.split("/").slice(1) ?? [];
    if (parts.at(-1) !== guardUnit) continue;
    parts.pop();
    while (parts.at(-1)?.endsWith(".slice") === true) parts.pop();
    return parts.map((part) => `/${part}`).join("");
  }
  return "";
}

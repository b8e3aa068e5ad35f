import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Finds libfaketime: the host's, or what scripts/setup.mjs has unpacked into a cache. */
export function findFakeClock(checkout: string): string | undefined {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const roots = ["/", join(cache, "fleet/faketime"), join(checkout, ".cache/faketime")];
  for (const root of roots) {
    const parent = join(root, "usr/lib");
    const types = existsSync(parent) ? readdirSync(parent) : [];
    const found = types
      .filter((name) => name.endsWith("-linux-gnu"))
      .map((name) => join(parent, name, "faketime/libfaketime.so.1"))
      .find((path) => existsSync(path));
    if (found !== undefined) return found;
  }
  return undefined;
}

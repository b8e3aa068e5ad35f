import { existsSync, statfsSync } from "node:fs";

const cgroup2Magic = 0x63677270;
const tmpfsMagic = 0x01021994;

/** The user that runs this process. */
export function userId(): number {
  return process.getuid?.() ?? -1;
}

/** Whether the host was booted with systemd (what sd_booted asks). */
export function isBootedWithSystemd(): boolean {
  return existsSync("/run/systemd/system");
}

/** Whether /sys/fs/cgroup is the unified hierarchy. */
export function hasUnifiedCgroups(): boolean {
  return fileSystemOf("/sys/fs/cgroup") === cgroup2Magic;
}

/** Whether `path` is on a tmpfs with at least `bytes` free. */
export function isRoomyTmpfs(path: string, bytes: number): boolean {
  if (fileSystemOf(path) !== tmpfsMagic) return false;
  const found = statfsSync(path);
  return found.bavail * found.bsize >= bytes;
}

function fileSystemOf(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined;
  }
}

/** Finds systemd itself, which no distribution keeps in PATH. */
export function findSystemd(): string | undefined {
  return ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"].find((path) => existsSync(path));
}

/** Finds a program in the places programs are. */
export function findProgram(name: string): string | undefined {
  const places = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  return places.map((place) => `${place}/${name}`).find((path) => existsSync(path));
}

import { existsSync, readFileSync } from "node:fs";

/** Something this host lacks. */
export interface Lack {
  /** What is missing, for a person. */
  readonly what: string;
  /** What exactly to install or do. */
  readonly fix: string;
}

const programPlaces = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const needed: readonly (readonly [program: string, debianPackage: string])[] = [
  ["systemd-nspawn", "systemd-container"],
  ["systemctl", "systemd"],
  ["ip", "iproute2"],
  ["bridge", "iproute2"],
  ["unshare", "util-linux"],
  ["nsenter", "util-linux"],
];
const capabilities = { CAP_SYS_ADMIN: 21n, CAP_NET_ADMIN: 12n, CAP_SYS_PTRACE: 19n };

/** Whether the host was booted with systemd (what sd_booted asks). */
export function bootedWithSystemd(): boolean {
  return existsSync("/run/systemd/system");
}

/** Finds a program in the places programs are. */
export function findProgram(name: string): string | undefined {
  return programPlaces.map((place) => `${place}/${name}`).find((path) => existsSync(path));
}

/** Says why full machines cannot be had here; nothing if they can. Looks only, changes nothing. */
export function preflight({ base = "/" }: { readonly base?: string } = {}): readonly Lack[] {
  if (process.getuid?.() !== 0) {
    return [{ what: "full machines need root", fix: "Run this as root, for instance in a virtual machine." }];
  }
  const found: Lack[] = [];
  for (const [program, debianPackage] of needed) {
    if (findProgram(program) !== undefined) continue;
    found.push({ what: `${program} is not installed`, fix: `apt-get install ${debianPackage}` });
  }
  if (!existsSync(`${base}/usr/lib/systemd/system/dbus.service`)) {
    found.push({ what: `there is no system bus in ${base}`, fix: "apt-get install dbus" });
  }
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  for (const [name, bit] of Object.entries(capabilities)) {
    if (((BigInt(`0x${effective}`) >> bit) & 1n) === 1n) continue;
    found.push({
      what: `this root has no ${name}`,
      fix: "Run the container with --privileged, or use a virtual machine.",
    });
  }
  return found;
}

import { readFileSync } from "node:fs";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** Where the address of this machine is looked up; the kernel's own tables unless a test says otherwise. */
export interface NetworkTables {
  readonly readFile: (path: string) => string;
  readonly interfaces: () => NodeJS.Dict<readonly NetworkInterfaceInfo[]>;
}

const kernelTables: NetworkTables = {
  readFile: (path) => readFileSync(path, "utf8"),
  interfaces: () => networkInterfaces(),
};

/** Lists the interfaces of default routes, IPv4 before IPv6, each by metric. */
function defaultRouteInterfaces(tables: NetworkTables): readonly string[] {
  const routes: { name: string; metric: number }[] = [];
  const rows = (path: string): string[][] => {
    try {
      return tables
        .readFile(path)
        .split("\n")
        .map((line) => line.trim().split(/\s+/));
    } catch {
      return [];
    }
  };
  for (const [name, destination, , , , , metric, mask] of rows("/proc/net/route")) {
    if (name !== undefined && destination === "00000000" && mask === "00000000") {
      routes.push({ name, metric: Number(metric) });
    }
  }
  const ipv6Last = 2 ** 40;
  for (const row of rows("/proc/net/ipv6_route")) {
    const [destination, length, , , , metric] = row;
    const name = row[9];
    if (name !== undefined && name !== "lo" && /^0{32}$/.test(destination ?? "") && length === "00") {
      routes.push({ name, metric: ipv6Last + Number.parseInt(metric ?? "0", 16) });
    }
  }
  return routes.sort((a, b) => a.metric - b.metric).map((route) => route.name);
}

function isGlobalUnicast(info: NetworkInterfaceInfo): boolean {
  if (info.internal) return false;
  if (info.family === "IPv4") return !/^(127\.|169\.254\.|0\.|22[4-9]\.|2[345]\d\.)/.test(info.address);
  return !/^(fe[89ab]|ff|::1?$)/i.test(info.address);
}

/**
 * Finds the address to publish: of the interfaces that carry a default route, in order of metric, the first IPv4 address
 * that other machines can reach, else the first such IPv6 address.
 * @returns an empty text if there is none; `public_ip` must then be set for ssh to reach this machine.
 */
export function detectPublicIp(tables: NetworkTables = kernelTables): string {
  const interfaces = tables.interfaces();
  const candidates = defaultRouteInterfaces(tables).flatMap((name) => interfaces[name] ?? []);
  const usable = candidates.filter(isGlobalUnicast);
  return (usable.find((info) => info.family === "IPv4") ?? usable[0])?.address ?? "";
}

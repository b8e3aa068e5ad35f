import type { NetworkInterfaceInfo } from "node:os";
import { expect, it } from "vitest";
import { detectPublicIp } from "./public-ip.js";

const header = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n";
const route = (name: string, metric: number, destination = "00000000") =>
  `${name}\t${destination}\t0100A8C0\t0003\t0\t0\t${metric}\t${destination === "00000000" ? "00000000" : "00FFFFFF"}\n`;
const info = (address: string, family: "IPv4" | "IPv6" = "IPv4", internal = false): NetworkInterfaceInfo =>
  ({ address, family, internal, netmask: "", mac: "", cidr: null }) as NetworkInterfaceInfo;

const cases: readonly [
  name: string,
  routes: string,
  interfaces: Record<string, NetworkInterfaceInfo[]>,
  expected: string,
][] = [
  ["no default route", route("eth0", 0, "0000A8C0"), { eth0: [info("192.0.2.1")] }, ""],
  [
    "one default route",
    route("eth0", 0),
    { eth0: [info("192.0.2.1")], eth1: [info("192.0.2.2")] },
    "192.0.2.1",
  ],
  [
    "lowest metric wins",
    route("eth0", 200) + route("eth1", 100),
    { eth0: [info("192.0.2.1")], eth1: [info("192.0.2.2")] },
    "192.0.2.2",
  ],
  ["link-local is skipped", route("eth0", 0), { eth0: [info("169.254.1.1"), info("10.0.0.5")] }, "10.0.0.5"],
  [
    "IPv6 if there is no IPv4",
    route("eth0", 0),
    { eth0: [info("fe80::1", "IPv6"), info("2001:db8::1", "IPv6")] },
    "2001:db8::1",
  ],
  [
    "IPv4 before IPv6",
    route("eth0", 0),
    { eth0: [info("2001:db8::1", "IPv6"), info("10.0.0.5")] },
    "10.0.0.5",
  ],
];

it.each(cases)("%s", (_name, routes, interfaces, expected) => {
  const readFile = (path: string) => {
    if (path === "/proc/net/route") return header + routes;
    throw new Error("no such file");
  };
  expect(detectPublicIp({ readFile, interfaces: () => interfaces })).toBe(expected);
});

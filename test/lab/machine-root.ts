// What a machine's disk holds before its first boot: the base tree under an overlay, and a few files of its own.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fleetdNodeOptions } from "@fleet/lab";
import type { Holder } from "./holder.js";
import { addressOf } from "./network.js";
import { type LabPaths, machinePlaces } from "./paths.js";

/** What is on every machine, and how its fleetd is told about it. */
export interface MachineSetup {
  readonly base: string;
  readonly etcdUrls: readonly string[];
  /** Options of fleet.conf, beside those that make a machine itself. */
  readonly options: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the host has libfaketime, if fleetd is to run with it. */
  readonly fakeClock: string | undefined;
}

/** Where a machine finds the bundles under test. */
export const bundlePlace = "/opt/fleet";
/** Where a machine finds this host's node. */
export const nodePlace = "/opt/fleet-node";
/** The port of a machine's API. */
export const apiPort = 49153;
/** Where a machine finds libfaketime, and the file that says by how much its clock is wrong. */
export const fakeClockPlace = "/opt/fleet-clock";

// Services that a machine in a container has no use for or must not run: hardware, consoles, the host's kernel, and
// what would reach for the network. Everything else that systemd starts by itself, it starts.
const masked = [
  ...["systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket"],
  ...["systemd-udev-trigger.service", "systemd-modules-load.service", "kmod-static-nodes.service"],
  ...[
    "systemd-random-seed.service",
    "systemd-pstore.service",
    "systemd-binfmt.service",
    "systemd-repart.service",
  ],
  ...["systemd-firstboot.service", "systemd-logind.service", "systemd-update-utmp.service"],
  ...["systemd-update-utmp-runlevel.service", "systemd-journald-audit.socket", "systemd-initctl.socket"],
  ...["getty.target", "getty-static.service", "console-getty.service", "systemd-timesyncd.service"],
  ...["systemd-networkd.service", "systemd-networkd.socket", "systemd-resolved.service", "tmp.mount"],
  ...["dev-hugepages.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount"],
  ...["sys-fs-fuse-connections.mount", "proc-sys-fs-binfmt_misc.automount", "systemd-tmpfiles-clean.timer"],
  ...["systemd-ask-password-wall.path", "systemd-ask-password-console.path"],
];
// What this host may have for itself, and is on its machines only because it is on its disk.
const maskedOfHost = [
  "postgresql.service",
  "docker.service",
  "containerd.service",
  "ssh.service",
  "x11-common.service",
];

const journal = `[Journal]
Storage=persistent
SystemMaxUse=128M
RateLimitBurst=0
SyncIntervalSec=1s
ForwardToSyslog=no
`;

function fleetdService(setup: MachineSetup): string {
  const clock = [
    `Environment=LD_PRELOAD=${fakeClockPlace}/libfaketime.so.1`,
    `Environment=FAKETIME_TIMESTAMP_FILE=${fakeClockPlace}/offset`,
    // Durations stay true, as they do when somebody sets a clock.
    "Environment=FAKETIME_DONT_FAKE_MONOTONIC=1",
    "Environment=FAKETIME_CACHE_DURATION=1",
  ];
  return [
    "[Unit]",
    "Description=fleet",
    "After=network-online.target dbus.service",
    "StartLimitIntervalSec=0",
    "[Service]",
    ...(setup.fakeClock === undefined ? [] : clock),
    `ExecStart=${nodePlace} ${fleetdNodeOptions.join(" ")} ${bundlePlace}/fleetd/dist/fleetd.mjs`,
    "Restart=always",
    "RestartSec=1",
    "RestartPreventExitStatus=2 3 6",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** The id of a machine: made from its name, so that it is the same after every boot. */
export function machineIdOf(lab: string, machine: string): string {
  return createHash("sha256").update(`fleet-machines ${lab} ${machine}`).digest("hex").slice(0, 32);
}

function configuration(machine: string, setup: MachineSetup): string {
  const metadata = Object.entries({ name: machine, ...setup.metadata }).map(
    ([key, value]) => `${key}=${value}`,
  );
  const options: Readonly<Record<string, string>> = {
    etcd_servers: setup.etcdUrls.join(","),
    public_ip: addressOf(machine),
    metadata: metadata.join(","),
    listen: `unix:///run/fleet.sock,http://${addressOf(machine)}:${apiPort}`,
    ...setup.options,
  };
  return Object.entries(options)
    .map(([name, value]) => `${name} = "${value}"\n`)
    .join("");
}

/** Lays a machine's root over the base tree. Its state directory is a file system of `stateBytes`. */
export async function mountRoot(
  holder: Holder,
  paths: LabPaths,
  machine: string,
  base: string,
  stateBytes: number,
): Promise<void> {
  const { root, upper, work, units, state, bundle } = machinePlaces(paths, machine);
  await holder.run(
    `mkdir -p "$1" "$2" "$3" "$4" "$5"
    mount -t overlay -o "lowerdir=$6,upperdir=$2,workdir=$3" fleet-machine "$1"
    mount -t tmpfs -o "mode=755,size=$7" fleet-state "$5"
    cp -r "$8" "$9"`,
    root,
    upper,
    work,
    units,
    state,
    base,
    String(stateBytes),
    paths.bundle,
    bundle,
  );
}

/** Writes what makes a machine itself. Its root must be mounted. */
export function furnish(
  holder: Holder,
  paths: LabPaths,
  lab: string,
  machine: string,
  setup: MachineSetup,
): void {
  const places = machinePlaces(paths, machine);
  const put = (path: string, text: string): void => {
    const file = join(holder.see(places.root), path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  put("etc/machine-id", `${machineIdOf(lab, machine)}\n`);
  put("etc/hostname", `${machine}\n`);
  put("etc/hosts", `127.0.0.1 localhost ${machine}\n`);
  put("etc/fstab", "");
  put("etc/resolv.conf", "");
  put("etc/systemd/journald.conf.d/fleet-lab.conf", journal);
  put("etc/fleet/fleet.conf", configuration(machine, setup));
  if (setup.fakeClock !== undefined) {
    put(`${fakeClockPlace.slice(1)}/offset`, "+0\n");
    cpSync(setup.fakeClock, join(holder.see(places.root), fakeClockPlace, "libfaketime.so.1"), {
      dereference: true,
    });
  }
  for (const directory of ["var/log/journal", "var/lib/fleet", "opt/fleet"]) {
    mkdirSync(join(holder.see(places.root), directory), { recursive: true });
  }
  put("opt/fleet-node", "");
  const units = holder.see(places.units);
  const unwanted = setup.base === "/" ? [...masked, ...maskedOfHost] : masked;
  for (const name of unwanted) symlinkSync("/dev/null", join(units, name));
  writeFileSync(join(units, "fleetd.service"), fleetdService(setup));
  mkdirSync(join(units, "multi-user.target.wants"));
  symlinkSync("../fleetd.service", join(units, "multi-user.target.wants/fleetd.service"));
}

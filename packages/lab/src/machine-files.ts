// The files that make a directory into a machine: what its manager reads at boot.
import { existsSync } from "node:fs";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { shellQuote, standardPath } from "./command.js";
import { findProgram, findSystemd } from "./host-facts.js";
import { LabError } from "./lab-error.js";
import type { MachinePaths } from "./paths.js";
import type { MachineRecord } from "./state.js";
import { daemonUnit, daemonUnitName } from "./unit-text.js";

/** While this file is in a machine's runtime directory, its manager does not start the daemon. */
export const daemonOffFile = "fleetd.off";

// What a user manager cannot do without. Everything else a distribution ships (gpg sockets, desktop parts)
// costs boot time and reload time, and is not part of a server.
const baseUnits = [
  "basic.target",
  "default.target",
  "exit.target",
  "shutdown.target",
  "sockets.target",
  "timers.target",
  "paths.target",
  "app.slice",
  "background.slice",
  "session.slice",
  "systemd-exit.service",
];

const userConf = `[Manager]
DefaultStandardOutput=inherit
DefaultStandardError=inherit
DefaultStartLimitIntervalSec=0
DefaultTimeoutStopSec=10
`;

// The usual session bus without the host's activatable services. The one service there is makes a caller who
// comes before systemd has taken its name wait for it instead of failing.
function busFiles(paths: MachinePaths): Record<string, string> {
  const services = join(paths.disk, "bus-services");
  return {
    [join(paths.disk, "bus.conf")]:
      `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${paths.busSocket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>${services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`,
    [join(services, "org.freedesktop.systemd1.service")]: `[D-BUS Service]
Name=org.freedesktop.systemd1
Exec=/bin/false
SystemdService=dbus.service
`,
    [join(paths.disk, "units/dbus.socket")]: `[Unit]
Description=D-Bus session bus socket

[Socket]
ListenStream=%t/bus
`,
    [join(paths.disk, "units/dbus.service")]: `[Unit]
Description=D-Bus session bus
Requires=dbus.socket

[Service]
Type=notify
NotifyAccess=main
ExecStart=${findProgram("dbus-daemon") ?? "/usr/bin/dbus-daemon"} --config-file=${join(paths.disk, "bus.conf")} --address=systemd: --nofork --nopidfile --systemd-activation
Slice=session.slice
`,
  };
}

async function writeAll(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
  }
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  await symlink(target, path);
}

function systemdOrThrow(): string {
  const systemd = findSystemd();
  if (systemd !== undefined) return systemd;
  throw new LabError("missing", "there is no systemd on this host", { hint: "apt-get install systemd" });
}

/** The shell script that becomes a machine's manager, unless it finds itself in the root cgroup. */
export function bootScript(name: string, paths: MachinePaths, systemd: string): string {
  const search = [
    join(paths.home, ".config/systemd/user.control"),
    join(paths.runtime, "systemd/user.control"),
    join(paths.runtime, "systemd/transient"),
    paths.unitDirectory,
    paths.runtimeUnitDirectory,
    join(paths.disk, "units"),
  ];
  const environment = {
    PATH: standardPath,
    LANG: "C.UTF-8",
    HOME: paths.home,
    XDG_RUNTIME_DIR: paths.runtime,
    XDG_CONFIG_HOME: join(paths.home, ".config"),
    XDG_DATA_HOME: join(paths.home, ".local/share"),
    // A bus address inherited from the outer manager would make the machine claim its name there.
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${paths.busSocket}`,
    SYSTEMD_LOG_TARGET: "console",
    SYSTEMD_LOG_COLOR: "0",
    SYSTEMD_UNIT_PATH: search.join(":"),
    SYSTEMD_GENERATOR_PATH: "",
    SYSTEMD_ENVIRONMENT_GENERATOR_PATH: "",
    LAB_MACHINE: name,
  };
  const assignments = Object.entries(environment).map(([key, value]) => shellQuote(`${key}=${value}`));
  // The second look at the cgroup is the last line of defence: from the root cgroup a manager would move every
  // process of the host, the first one included.
  return `now=$(sed -n 's/^0:://p' /proc/self/cgroup)
case $now in ''|/) echo "refused: a manager must not start in cgroup '$now'" >&2; exit 97;; esac
exec env -i \${NOTIFY_SOCKET:+NOTIFY_SOCKET="$NOTIFY_SOCKET"} ${assignments.join(" ")} ${systemd} --user
`;
}

/**
 * Makes a machine ready for its next boot: what /run held is gone, what its disk holds stays.
 * @returns the script that boots it.
 */
export async function prepareMachine(record: MachineRecord, paths: MachinePaths): Promise<string> {
  await rm(paths.runtime, { recursive: true, force: true });
  await mkdir(paths.runtime, { recursive: true, mode: 0o700 });
  await mkdir(paths.runtimeUnitDirectory, { recursive: true, mode: 0o700 });
  await rm(join(paths.disk, "units"), { recursive: true, force: true });
  const files: Record<string, string> = {
    [paths.bootIdFile]: `${record.bootId}\n`,
    [join(paths.runtime, "boot.env")]: `LAB_BOOT_ID=${record.bootId}\n`,
    [join(paths.home, ".config/systemd/user.conf")]: userConf,
    [join(paths.disk, "boot.sh")]: bootScript(record.name, paths, systemdOrThrow()),
    ...(record.bus ? busFiles(paths) : {}),
  };
  for (const [name, text] of Object.entries(record.units)) files[join(paths.unitDirectory, name)] = text;
  if (record.daemon) {
    files[join(paths.unitDirectory, daemonUnitName)] = daemonUnit(record.name, record.daemon, {
      offFile: join(paths.runtime, daemonOffFile),
      environmentFile: join(paths.runtime, "boot.env"),
      log: paths.daemonLog,
    });
  }
  await writeAll(files);
  await chmod(paths.runtime, 0o700);
  for (const name of baseUnits) {
    const source = unitSource(name);
    if (source) await link(source, join(paths.disk, "units", basename(name)));
  }
  if (record.bus) {
    await link("../dbus.socket", join(paths.disk, "units/sockets.target.wants/dbus.socket"));
    await link("../dbus.service", join(paths.disk, "units/default.target.wants/dbus.service"));
  }
  if (record.daemon) {
    await link(`../${daemonUnitName}`, join(paths.unitDirectory, "default.target.wants", daemonUnitName));
  }
  return join(paths.disk, "boot.sh");
}

function unitSource(name: string): string | undefined {
  return [`/usr/lib/systemd/user/${name}`, `/lib/systemd/user/${name}`].find((path) => existsSync(path));
}

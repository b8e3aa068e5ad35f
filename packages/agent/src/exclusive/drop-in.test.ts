import { parseUnitName } from "@fleet/core";
import { expect, it, test } from "vitest";
import { dropInText, guardUnitText } from "./drop-in.js";
import { runtimeUnitDirectory } from "./unit-files.js";

const dropIn = (name: string, text: string) =>
  dropInText({ unit: parseUnitName(name), text, stopMaxMs: 9_000, environmentFile: "/run/x/%n" });

it("binds a service to the guard, and gives each phase of its stop a limit", () => {
  const text = "[Service]\nExecStart=/bin/a\nExecStop=/bin/b\nExecStop=/bin/c\nTimeoutStopSec=3600\n";
  expect(dropIn("a.service", text)).toBe(`# Written by fleet for Exclusive=true, and removed with the unit.
[Unit]
BindsTo=fleet-guard.service
After=fleet-guard.service
RefuseManualStop=no
[Service]
TimeoutStopSec=3000ms
TimeoutAbortSec=3000ms
KillMode=control-group
SendSIGKILL=yes
EnvironmentFile=/run/x/%n
`);
});

it("uses the words of the unit's type, and none where there are no processes", () => {
  expect(dropIn("a.socket", "[Socket]\nListenStream=/a\n")).toContain("[Socket]\nTimeoutSec=9000ms\n");
  expect(dropIn("a.timer", "[Timer]\nOnCalendar=daily\n")).not.toContain("[Timer]");
});

it("gives the rest of a text that is not understood the whole time", () => {
  expect(dropIn("a.service", "[Service\n")).toContain("TimeoutStopSec=9000ms");
});

it("writes a command so that systemd changes nothing in it", () => {
  expect(guardUnitText(["/bin/node", 'a "b" %n $HOME \\'], false)).toContain(
    'ExecStart="/bin/node" "a \\"b\\" %%n $$HOME \\\\"\n',
  );
  expect(guardUnitText(["/bin/node"], true)).toContain("OOMScoreAdjust=-900");
  expect(guardUnitText(["/bin/node"], false)).not.toContain("OOMScoreAdjust");
});

test.each([
  [["/etc/systemd/system", "/run/systemd/transient", "/run/systemd/system"], "/run/systemd/system"],
  [["/run/user/1/systemd/transient", "/home/x/user", "/run/user/1/systemd/user"], "/run/user/1/systemd/user"],
])("finds the directory for what is gone after a boot: %s", (searchPath, expected) => {
  expect(runtimeUnitDirectory(searchPath)).toBe(expected);
});

it("says so if there is none", () => {
  expect(() => runtimeUnitDirectory(["/etc/systemd/system"])).toThrow("no runtime directory");
});

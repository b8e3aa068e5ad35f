import { execFileSync } from "node:child_process";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { isHost, parseBastion } from "./bastion.js";
import { shellCommand, shellQuote } from "./shell-quote.js";
import { type SshSession, sshToMachine, sshTunnel } from "./ssh-command-line.js";
import type { SshSettings } from "./ssh-settings.js";

const plain: SshSettings = {
  username: "",
  timeoutS: 10,
  knownHostsFile: "",
  checksHostKeys: true,
  bastion: undefined,
};
const shell: SshSession = { host: "192.0.2.1", port: 22, command: [], terminal: "own", agent: "own" };

function line(settings: Partial<SshSettings>, session: Partial<SshSession> = {}): string {
  return sshToMachine({ ...plain, ...settings }, { ...shell, ...session }).join(" ");
}

describe("the command line of ssh", () => {
  it.each<[string, Partial<SshSettings>, Partial<SshSession>, string]>([
    ["a shell", {}, {}, "ssh -o ConnectTimeout=10 -- 192.0.2.1"],
    [
      "a login that asks nothing",
      { asksNothing: true },
      {},
      "ssh -o ConnectTimeout=10 -o BatchMode=yes -- 192.0.2.1",
    ],
    ["parts of a second", { timeoutS: 0.5 }, {}, "ssh -o ConnectTimeout=1 -- 192.0.2.1"],
    ["a user", { username: "core" }, {}, "ssh -o ConnectTimeout=10 -l core -- 192.0.2.1"],
    ["a port", {}, { port: 2222 }, "ssh -o ConnectTimeout=10 -p 2222 -- 192.0.2.1"],
    ["IPv6", {}, { host: "2001:db8::1" }, "ssh -o ConnectTimeout=10 -- 2001:db8::1"],
    ["an agent", {}, { agent: "forward" }, "ssh -A -o ConnectTimeout=10 -- 192.0.2.1"],
    [
      "a command",
      {},
      { command: ["ls", "-l"] },
      "ssh -o RemoteCommand=none -o ConnectTimeout=10 -- 192.0.2.1 ls -l",
    ],
    [
      "a command on a terminal",
      {},
      { command: ["top"], terminal: "always" },
      "ssh -t -o RemoteCommand=none -o ConnectTimeout=10 -- 192.0.2.1 top",
    ],
    [
      "a command for fleetctl itself",
      {},
      { command: ["systemctl"], terminal: "none", agent: "never" },
      "ssh -T -a -x -o ClearAllForwardings=yes -o RemoteCommand=none -o ConnectTimeout=10 -- 192.0.2.1 systemctl",
    ],
    [
      "a file of known hosts",
      { knownHostsFile: "~/.fleetctl/known_hosts" },
      {},
      "ssh -o ConnectTimeout=10 -o UserKnownHostsFile=~/.fleetctl/known_hosts -- 192.0.2.1",
    ],
    [
      "a file with blanks and tokens in its name",
      { knownHostsFile: "/my hosts/100%" },
      {},
      'ssh -o ConnectTimeout=10 -o UserKnownHostsFile="/my hosts/100%%" -- 192.0.2.1',
    ],
    [
      "no check of host keys, which wins over the file",
      { checksHostKeys: false, knownHostsFile: "/k" },
      {},
      "ssh -o ConnectTimeout=10 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null -o LogLevel=ERROR -- 192.0.2.1",
    ],
    [
      "a bastion, under the same settings, with a port of its own",
      { bastion: parseBastion("b.example:2200"), username: "core", knownHostsFile: "/k%" },
      { port: 2222 },
      "ssh -o ConnectTimeout=10 -o UserKnownHostsFile=/k%% -l core -p 2222 -o ProxyCommand=ssh -o ConnectTimeout=10 -o UserKnownHostsFile=/k%%%% -l core -p 2200 -W '[%h]:%p' -- b.example -- 192.0.2.1",
    ],
  ])("for %s", (_what, settings, session, expected) => {
    expect(line(settings, session)).toBe(expected);
  });

  it("has another user for a bastion that names one", () => {
    const settings = { ...plain, username: "core", bastion: parseBastion("me@b") };
    expect(line(settings)).toContain("ProxyCommand=ssh -o ConnectTimeout=10 -l me -W");
  });

  it("of a tunnel runs fd-forward for sockets, and goes to addresses by itself", () => {
    const bastion = parseBastion("b:2200");
    const to = (end: Parameters<typeof sshTunnel>[2]) => sshTunnel(plain, bastion, end).join(" ");
    expect(to({ kind: "socket", path: "/run/my fleet.sock" })).toBe(
      "ssh -T -a -x -o ClearAllForwardings=yes -o RemoteCommand=none -o ConnectTimeout=10 -p 2200 -- b fleetctl fd-forward '/run/my fleet.sock'",
    );
    expect(to({ kind: "address", host: "::1", port: 80 })).toBe(
      "ssh -o ConnectTimeout=10 -p 2200 -W [::1]:80 -- b",
    );
  });
});

describe("--tunnel", () => {
  it.each([
    ["b", { host: "b" }],
    ["b.example.com:2222", { host: "b.example.com", port: 2222 }],
    ["me@b:22", { user: "me", host: "b", port: 22 }],
    ["2001:db8::1", { host: "2001:db8::1" }],
    ["[2001:db8::1]:22", { host: "2001:db8::1", port: 22 }],
    ["me@[::1]", { user: "me", host: "::1" }],
    ["me@::1", { user: "me", host: "::1" }],
  ])("%s", (text, bastion) => {
    expect(parseBastion(text)).toEqual({ text, ...bastion });
  });

  it.each(["-oProxyCommand=x", "b:", "b:0", "b:65536", "b:ssh", "a b", "b;id", "@b", "-l@b", "[b", "$(id)"])(
    "%s is no host",
    (text) => {
      expect(() => parseBastion(text)).toThrow(`invalid argument ${JSON.stringify(text)}`);
    },
  );

  it("takes nothing for an address that ssh would take for an option", () => {
    expect(["192.0.2.1", "::1", "fe80::1%eth0", "-v", "", "a b"].map(isHost)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("quoting for a shell", () => {
  it.each([
    ["hello@1.service", "hello@1.service"],
    ["", "''"],
    ["$(id)", "'$(id)'"],
    ["it's", "'it'\\''s'"],
    ["a\\x2db", "'a\\x2db'"],
  ])("%s", (word, quoted) => {
    expect(shellQuote(word)).toBe(quoted);
  });

  const word = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0"));
  test.prop([fc.array(word, { minLength: 1, maxLength: 5 })], { numRuns: 50 })(
    "is undone by a real one",
    (words) => {
      const printed = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${shellCommand(words)}`]);
      expect(printed.toString("utf8").split("\0").slice(0, -1)).toEqual(
        words.map((text) => Buffer.from(text, "utf8").toString("utf8")),
      );
    },
  );
});

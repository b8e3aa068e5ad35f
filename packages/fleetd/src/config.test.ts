import { describe, expect, it } from "vitest";
import { type ConfigSource, loadConfig } from "./config.js";
import { FatalError } from "./exit-code.js";

function load(file: string | undefined, environment: ConfigSource["environment"] = {}) {
  return loadConfig({
    path: file === undefined ? undefined : "/f.conf",
    environment,
    readFile: (path) => {
      if (file !== undefined && path === "/f.conf") return file;
      throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    },
  });
}

function problem(file: string | undefined, environment: ConfigSource["environment"] = {}): string {
  try {
    load(file, environment);
  } catch (error) {
    if (error instanceof FatalError) return error.message;
  }
  return "no problem";
}

describe("values", () => {
  it("has defaults for everything", () => {
    const options = load(undefined);
    expect(options).toMatchObject({
      etcd_servers: ["http://127.0.0.1:2379"],
      etcd_key_prefix: "/_coreos.com/fleet/",
      agent_ttl: 10_000,
      etcd_request_timeout: 10_000 / 3,
      token_limit: 100,
      units_directory: "/run/fleet/units",
      systemd: { kind: "system" },
      listen: [{ kind: "unix", path: "/run/fleet.sock" }],
      socket_mode: 0o660,
    });
  });

  const values: readonly [file: string, expected: object][] = [
    ['etcd_servers=["http://a:1", "http://b:2"]', { etcd_servers: ["http://a:1", "http://b:2"] }],
    ["etcd_servers = http://a:1 , https://b", { etcd_servers: ["http://a:1", "https://b"] }],
    ['metadata="region=eu,disk=ssd"', { metadata: { disk: "ssd", region: "eu" } }],
    ["capacity = cpu=8,memory=16G,gpu=2", { capacity: { cpu: 8000, memory: 16 * 1024 ** 3, gpu: 2 } }],
    ["reserve_from_unit = yes", { reserve_from_unit: true }],
    ['agent_ttl="30s"', { agent_ttl: 30_000 }],
    ["agent_ttl = 1m30s # long", { agent_ttl: 90_000, etcd_request_timeout: 5000 }],
    ["agent_ttl = 6s", { agent_ttl: 6000, etcd_request_timeout: 2000 }],
    ["etcd_request_timeout = 3\nagent_ttl = 6s", { etcd_request_timeout: 3000 }],
    ["Agent_TTL = 20s", { agent_ttl: 20_000 }],
    ["verbosity=1\nverbosity=2", { verbosity: 2 }],
    ["etcd_key_prefix=/a/b", { etcd_key_prefix: "/a/b/" }],
    ["systemd_user=true", { systemd: { kind: "user" } }],
    [
      "systemd=private:/run/x/systemd/private",
      { systemd: { kind: "private", path: "/run/x/systemd/private" } },
    ],
    ['systemd="unix:path=/run/x/bus"', { systemd: { kind: "bus", address: "unix:path=/run/x/bus" } }],
    [
      "listen=unix:///a.sock,http://127.0.0.1:49153,http://[::1]:1,fd://",
      {
        listen: [
          { kind: "unix", path: "/a.sock" },
          { kind: "tcp", host: "127.0.0.1", port: 49_153 },
          { kind: "tcp", host: "::1", port: 1 },
          { kind: "inherited" },
        ],
      },
    ],
    ["# comment\n; comment\n\npublic_ip=192.0.2.1", { public_ip: "192.0.2.1" }],
    ["etcd_username=u\netcd_password='a#b;c'", { etcd_password: "a#b;c" }],
  ];
  it.each(values)("reads %j", (file, expected) => expect(load(file)).toMatchObject(expected));

  it("listens on the sockets it was started with, unless it is told otherwise", () => {
    const handed = { LISTEN_PID: String(process.pid), LISTEN_FDS: "1" };
    expect(load(undefined, handed).listen).toEqual([{ kind: "inherited" }]);
    expect(load("listen=unix:///a.sock", handed).listen).toEqual([{ kind: "unix", path: "/a.sock" }]);
    expect(load(undefined, { ...handed, LISTEN_PID: "1" }).listen).toMatchObject([{ kind: "unix" }]);
  });

  it("lets the environment win over the file, and takes an empty variable for none", () => {
    const file = "token_limit=7\nverbosity=3";
    expect(load(file, { FLEET_TOKEN_LIMIT: "9", FLEET_VERBOSITY: "" })).toMatchObject({
      token_limit: 9,
      verbosity: 3,
    });
  });

  it("leaves facts for units alone", () => {
    expect(problem(undefined, { FLEET_METADATA_ZONE: "eu", FLEET_ORIGIN: "x", PATH: "/bin" })).toBe(
      "no problem",
    );
  });
});

describe("refusals", () => {
  const refusals: readonly [file: string, message: string][] = [
    ["etcd_server=http://a", '/f.conf:1: unknown option "etcd_server" (did you mean "etcd_servers"?)'],
    ["\n[fleet]\n", "/f.conf:2: sections are not used"],
    ["just words", '/f.conf:1: expected key = value, found "just words"'],
    ["etcd_password=a#b", '/f.conf:1: the value of "etcd_password" would be cut at its # or ;'],
    ['metadata="a=b', '/f.conf:1: the value of "metadata" has no closing quote'],
    ["agent_ttl=30", '/f.conf:1: agent_ttl = "30": expected a duration with its unit'],
    ["agent_ttl=1s", "expected 3s to 3600s"],
    ["engine_reconcile_interval=fast", "expected a number of seconds"],
    ["disable_engine=maybe", "expected true or false"],
    ["token_limit=65536", "expected a number from 1 to 65535"],
    ["etcd_servers=localhost:2379", '"localhost:2379" is no http or https URL'],
    ["listen=/run/x.sock", "expected unix:///path, http://address:port or fd://"],
    ["listen=unix://run/x.sock", "the path must be absolute"],
    ["etcd_certfile=/a.pem\netcd_servers=https://a", "etcd_certfile and etcd_keyfile: give both or neither"],
    ["etcd_cafile=/ca.pem", "is not encrypted"],
    ["etcd_username=u", "etcd_username and etcd_password"],
    ["agent_ttl=5s\netcd_request_timeout=4", "at most half of agent_ttl"],
    ["metadata=a", '"a" is no key=value pair'],
    ["metadata=a=b\tc", "metadata must not contain control characters"],
    ["metadata=a=\u001b[31mb", "metadata must not contain control characters"],
    ["capacity=cpu=many", '"many" is no amount of cpu'],
    ["machine_id=no/slash", "machine_id"],
    ["systemd=dbus", "expected system, user, private:/path"],
    ["socket_mode=rw", "octal"],
  ];
  it.each(refusals)("refuses %j", (file, message) => expect(problem(file)).toContain(message));

  it("names all problems at once", () => {
    const message = problem("verbosity=x\nnonsense=1", {
      FLEET_TOKEN_LIMIT: "0",
      FLEET_ETCD_SERVER: "http://a",
    });
    expect(message).toContain("/f.conf:1: verbosity");
    expect(message).toContain('/f.conf:2: unknown option "nonsense"');
    expect(message).toContain('FLEET_TOKEN_LIMIT: token_limit = "0"');
    expect(message).toContain("did you mean FLEET_ETCD_SERVERS?");
  });

  it("refuses a named file that is not there, but not the absence of the default one", () => {
    const readFile = () => {
      throw Object.assign(new Error("gone"), { code: "ENOENT" });
    };
    expect(() => loadConfig({ path: "/none", environment: {}, readFile })).toThrow("there is no such file");
    expect(() => loadConfig({ path: undefined, environment: {}, readFile })).not.toThrow();
  });
});

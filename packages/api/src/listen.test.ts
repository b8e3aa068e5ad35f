import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createNetServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { Stream } from "node:stream";
import { fileURLToPath } from "node:url";
import { isFleetError } from "@fleet/core";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inheritedDescriptors, listenOn } from "./listen.js";

let directory: string;
const servers: ReturnType<typeof createServer>[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fleet-listen-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(directory, { recursive: true, force: true });
});

function newServer() {
  const server = createServer((_request, response) => response.end("hello"));
  servers.push(server);
  return server;
}

const codeOf = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    return isFleetError(error) ? error.code : error;
  }
  return "no error";
};

describe("a unix socket", () => {
  it("is made with its mode, whatever the umask", async () => {
    const path = join(directory, "a.sock");
    expect(await listenOn(newServer(), { kind: "unix", path, mode: 0o606 })).toBe(`unix://${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o606);
  });

  it("belongs to the group that may use it", async () => {
    const path = join(directory, "a.sock");
    // Root may give it to any group, others to their own.
    const groupId = process.getuid?.() === 0 ? 65_534 : (process.getgid?.() ?? 0);
    await listenOn(newServer(), { kind: "unix", path, mode: 0o660, groupId });
    const there = await stat(path);
    expect([there.gid, there.uid, there.mode & 0o777]).toEqual([groupId, process.getuid?.(), 0o660]);
  });

  it("takes the place of one that nobody listens on any more", async () => {
    const path = join(directory, "a.sock");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script]), "exit");
    expect((await stat(path)).isSocket()).toBe(true);
    await listenOn(newServer(), { kind: "unix", path });
  });

  it("leaves one alone that is in use", async () => {
    const path = join(directory, "a.sock");
    await listenOn(newServer(), { kind: "unix", path });
    expect(await codeOf(listenOn(newServer(), { kind: "unix", path }))).toBe("already-exists");
  });

  it("leaves a file alone that is no socket", async () => {
    const path = join(directory, "a.sock");
    await writeFile(path, "precious");
    expect(await codeOf(listenOn(newServer(), { kind: "unix", path }))).toBe("already-exists");
    expect((await stat(path)).size).toBe(8);
  });

  it("needs its directory", async () => {
    const path = join(directory, "no/a.sock");
    expect(await codeOf(listenOn(newServer(), { kind: "unix", path }))).toBe("unavailable");
  });
});

describe("a TCP address", () => {
  it("tells the port it got, and is refused when it is taken", async () => {
    const endpoint = await listenOn(newServer(), { kind: "tcp", host: "127.0.0.1", port: 0 });
    const port = Number(new URL(endpoint).port);
    expect(port).toBeGreaterThan(0);
    expect(await codeOf(listenOn(newServer(), { kind: "tcp", host: "127.0.0.1", port }))).toBe(
      "already-exists",
    );
  });
});

describe("an IPv6 address", () => {
  const isThere = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ family }) => family === "IPv6"),
  );

  it("is listened on, and told in brackets", async () => {
    const listening = listenOn(newServer(), { kind: "tcp", host: "::1", port: 0 });
    // Some containers have no IPv6 at all.
    if (!isThere) return expect(await codeOf(listening)).toBe("unavailable");
    const endpoint = await listening;
    expect(endpoint).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect(await (await fetch(endpoint)).text()).toBe("hello");
  });

  it("that means all of them serves IPv4, too", async () => {
    const endpoint = await listenOn(newServer(), { kind: "tcp", host: isThere ? "::" : "0.0.0.0", port: 0 });
    const { port } = new URL(endpoint);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("hello");
  });
});

describe("inherited sockets", () => {
  it.each([
    [{ LISTEN_PID: "7", LISTEN_FDS: "2" }, [3, 4]],
    [{ LISTEN_PID: "8", LISTEN_FDS: "2" }, []],
    [{ LISTEN_FDS: "2" }, []],
    [{ LISTEN_PID: "7" }, []],
    [{ LISTEN_PID: "7", LISTEN_FDS: "-1" }, []],
    [{ LISTEN_PID: "7", LISTEN_FDS: "0" }, []],
  ])("are found by %j", (environment, descriptors) => {
    expect(inheritedDescriptors(environment, 7)).toEqual(descriptors);
  });

  it("are listened on", async () => {
    const bundle = join(directory, "listen.mjs");
    const entry = fileURLToPath(new URL("./listen.ts", import.meta.url));
    await build({
      entryPoints: [entry],
      outfile: bundle,
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["source"],
    });
    const program = join(directory, "program.mjs");
    await writeFile(
      program,
      `import { createServer } from "node:http";
       import { inheritedDescriptors, listenOn } from "./listen.mjs";
       const [fd] = inheritedDescriptors({ LISTEN_PID: String(process.pid), LISTEN_FDS: "1" }, process.pid);
       await listenOn(createServer((request, response) => response.end("hello")), { kind: "inherited", fd });
       process.stdout.write("ready");`,
    );
    const holder = createNetServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address() as { port: number };
    const handle = (holder as unknown as { _handle: Stream })._handle;
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit", handle] });
    holder.close();
    try {
      await once(child.stdout as NonNullable<typeof child.stdout>, "data");
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect(await answer.text()).toBe("hello");
    } finally {
      child.kill();
    }
  });
});

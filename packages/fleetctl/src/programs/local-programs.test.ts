import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { joinSocket } from "./join-socket.js";
import { createPrograms } from "./local-programs.js";

const environment = { PATH: "/usr/local/bin:/usr/bin:/bin", KEPT: "kept" };
const programs = createPrograms(environment);
const never = new AbortController().signal;
const silent = { readsInput: false } as const;

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("running a program", () => {
  it.each([
    ["exit 7", 7],
    ["kill -TERM $$", 143],
    ["kill -INT $$", 130],
    ['test "$KEPT$NEW" = keptnew', 0],
    // It reads nothing, instead of what we would read.
    ["cat", 0],
  ])("sh -c '%s' ends with %i", async (script, status) => {
    const options = { ...silent, environment: { NEW: "new" } };
    expect(await programs.run(["sh", "-c", script], options, never)).toBe(status);
  });

  it("ends with the signal", async () => {
    const stop = new AbortController();
    const running = programs.run(["sleep", "1000"], silent, stop.signal);
    setImmediate(() => stop.abort());
    expect(await running).toBe(143);
    await expect(programs.run(["true"], silent, stop.signal)).rejects.toBe(stop.signal.reason);
  });

  it("names a program that is not there, and says what to install", async () => {
    const missing = { code: "not-found", message: "cannot run nosuch: there is no such program" };
    await expect(programs.run(["nosuch"], silent, never)).rejects.toMatchObject(missing);
    await expect(
      createPrograms({ PATH: "/nosuch" }).connect(["ssh"], () => new Error()),
    ).rejects.toMatchObject({
      code: "not-found",
      hint: "install OpenSSH's client (Debian: apt-get install openssh-client)",
    });
  });
});

describe("a program as a stream", () => {
  const connect = (script: string) =>
    programs.connect(["sh", "-c", script], (status) => new Error(`status ${status}`));

  it("carries bytes both ways, with an end", async () => {
    const stream = await connect("tr a-z A-Z");
    const long = "abc".repeat(100_000);
    stream.end(long);
    expect(await textOf(stream)).toBe(long.toUpperCase());
  });

  it("fails after the last byte if the program does", async () => {
    const stream = await connect("echo half; exit 3");
    const said: string[] = [];
    stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    const [error] = (await once(stream, "error")) as [Error];
    expect([said.join(""), error.message]).toEqual(["half\n", "status 3"]);
  });

  it("fails with the program's status when it can no longer be written to", async () => {
    const stream = await connect("exec 0<&-; exit 4");
    stream.on("data", () => undefined);
    stream.write("x".repeat(1_000_000));
    const [error] = (await once(stream, "error")) as [Error];
    expect(error.message).toBe("status 4");
  });

  it("ends the program when it is destroyed", async () => {
    const stream = await connect("echo $$; exec sleep 1000");
    const [chunk] = (await once(stream, "data")) as [Buffer];
    const id = Number(chunk.toString());
    stream.destroy();
    await expect.poll(() => isAlive(id)).toBe(false);
  });
});

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

describe("reading what a program prints", () => {
  const programs = createPrograms({ ...process.env, OWN: "own" });
  const read = (script: string, bytesMax = 1_000, signal: AbortSignal = never) =>
    programs.read(["/bin/sh", "-c", script], bytesMax, signal);

  it("gives its status, and its stdout alone", async () => {
    expect(await read("cat; echo out $OWN; echo err >&2; exit 3")).toEqual({
      status: 3,
      stdout: "out own\n",
    });
  });

  it("drops what is too much", async () => {
    expect(await read("yes | head -c 1000000", 5)).toEqual({ status: 0, stdout: "y\ny\ny" });
  });

  it("ends when it is told to, though others hold the pipe", async () => {
    const stop = new AbortController();
    // The program in the background has the pipe, too, and is not told.
    const reading = read("sleep 20 & echo $!; exec sleep 1000", 1_000, stop.signal);
    await expect.poll(async () => (await read("ps -o args= --ppid $PPID")).stdout).toContain("sleep 1000");
    stop.abort();
    const { status, stdout } = await reading;
    expect(status).toBe(143);
    process.kill(Number(stdout));
  });

  it("is not possible without the program", async () => {
    await expect(programs.read(["no-such-program"], 1, never)).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("joining a socket", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "fleet-join-"));
  });
  afterAll(async () => await rm(directory, { recursive: true }));

  it("breaks off when the server does, and when it is told to", async () => {
    const path = join(directory, "a.sock");
    const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy())).listen(path);
    await once(server, "listening");
    const stdio = () => ({ input: new PassThrough(), output: new PassThrough() });
    const stop = new AbortController();
    const joined = joinSocket(path, stdio(), stop.signal);
    await once(server, "connection");
    stop.abort();
    await expect(joined).rejects.toBe(stop.signal.reason);
    server.close();
  });

  it.each([
    ["/nosuch/fleet.sock", "no such file or directory"],
    ["/dev/null/x", "not a directory"],
  ])("%s cannot be dialled", async (path, why) => {
    const stdio = { input: new PassThrough(), output: new PassThrough() };
    await expect(joinSocket(path, stdio, never)).rejects.toMatchObject({
      message: `Failed dialing remote address: dial unix ${path}: connect: ${why}`,
    });
  });
});

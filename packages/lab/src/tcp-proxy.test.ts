import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "./clock.js";
import { TcpProxy } from "./tcp-proxy.js";

const waiting = { timeoutMs: 15_000, everyMs: 1 };

/** A client that remembers what it got and how it ended. */
class Client {
  received = "";
  ended = false;
  error: string | undefined;
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("data", (bytes) => {
      this.received += bytes.toString();
    });
    this.socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error = error.code;
    });
    this.socket.on("end", () => {
      this.ended = true;
    });
  }

  async gets(text: string): Promise<void> {
    await until(`"${text}"`, waiting, () => this.received === text);
  }

  async isReset(): Promise<void> {
    await until("a reset", waiting, () => this.socket.destroyed);
    expect(this.error).toBe("ECONNRESET");
  }
}

let echo: Server;
let proxy: TcpProxy;
const atServer: Socket[] = [];
beforeEach(async () => {
  atServer.length = 0;
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    atServer.push(socket);
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await TcpProxy.listen({ targetPort: (echo.address() as { port: number }).port });
});
afterEach(async () => {
  await proxy.close();
  for (const socket of atServer) socket.destroy();
  echo.close();
});

describe("TcpProxy", () => {
  it("forwards both ways, ends included, however much it is", async () => {
    const client = new Client(proxy.port);
    const text = "0123456789".repeat(300_000);
    client.socket.end(text);
    await client.gets(text);
    await until("the end", waiting, () => client.ended);
    await until("no connection", waiting, () => proxy.connectionCount === 0);
  });

  it("cuts what is there and what comes, on both sides, until healed", async () => {
    const before = new Client(proxy.port);
    before.socket.write("a");
    await before.gets("a");
    proxy.cut();
    await before.isReset();
    await until("the server's end to be lost", waiting, () => atServer.every((socket) => socket.destroyed));
    const during = new Client(proxy.port);
    await during.isReset();
    expect(proxy.connectionCount).toBe(0);
    proxy.heal();
    const after = new Client(proxy.port);
    after.socket.write("b");
    await after.gets("b");
    expect(before.received).toBe("a");
  });

  it("stalls what is there and what comes, and loses nothing", async () => {
    const before = new Client(proxy.port);
    before.socket.write("a");
    await before.gets("a");
    proxy.stall();
    before.socket.write("b");
    const during = new Client(proxy.port);
    during.socket.write("c");
    await once(during.socket, "connect");
    // A connection past the proxy shows that bytes would have had the time to arrive.
    const direct = new Client((echo.address() as { port: number }).port);
    direct.socket.write("d");
    await direct.gets("d");
    expect([before.received, during.received]).toEqual(["a", ""]);
    proxy.heal();
    await before.gets("ab");
    await during.gets("c");
    direct.socket.destroy();
  });

  it("strands what is there, and lets what comes pass", async () => {
    const before = new Client(proxy.port);
    before.socket.write("a");
    await before.gets("a");
    proxy.strand();
    before.socket.write("b");
    const after = new Client(proxy.port);
    after.socket.write("c");
    await after.gets("c");
    expect(before.received).toBe("a");
    proxy.heal();
    await before.gets("ab");
  });

  it("can stall one direction: the server hears, the client does not", async () => {
    const client = new Client(proxy.port);
    client.socket.write("a");
    await client.gets("a");
    const heard = once(atServer[0] as Socket, "data");
    proxy.stall("to-client");
    client.socket.write("b");
    expect(String((await heard)[0])).toBe("b");
    expect(client.received).toBe("a");
    proxy.heal();
    await client.gets("ab");
  });

  it("hides a peer's end while stalled, and shows it when healed", async () => {
    const client = new Client(proxy.port);
    client.socket.write("a");
    await client.gets("a");
    proxy.stall();
    (atServer[0] as Socket).resetAndDestroy();
    const direct = new Client((echo.address() as { port: number }).port);
    direct.socket.write("d");
    await direct.gets("d");
    expect(client.socket.destroyed).toBe(false);
    proxy.heal();
    await client.isReset();
    direct.socket.destroy();
  });

  it("resets clients whose server is not there", async () => {
    const target = (echo.address() as { port: number }).port;
    await new Promise((resolve) => echo.close(resolve));
    const lost = await TcpProxy.listen({ targetPort: target });
    await new Client(lost.port).isReset();
    await lost.close();
  });

  it("refuses everybody once closed", async () => {
    const { port } = proxy;
    await proxy.close();
    const client = new Client(port);
    await until("the refusal", waiting, () => client.error);
    expect(client.error).toBe("ECONNREFUSED");
    await proxy.close();
  });
});

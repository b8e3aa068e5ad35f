import { createServer } from "node:http";
import { expect, it } from "vitest";
import { etcdCommand, etcdUrl, isHealthy } from "./etcd.js";

const record = { binary: "/b/etcd", clientPort: 21, peerPort: 22, dataDirectory: "/d", extraArgs: ["--x"] };

it("runs etcd on loopback alone, and lets it forget", () => {
  const command = etcdCommand(record);
  expect(etcdUrl(record)).toBe("http://127.0.0.1:21");
  expect(command[0]).toBe("/b/etcd");
  expect(command.at(-1)).toBe("--x");
  expect(command).toContain("--auto-compaction-mode=revision");
  expect(command).toContain("--auto-compaction-retention=10000");
  for (const url of command.filter((word) => word.includes("://")))
    expect(url).toMatch(/\/\/127\.0\.0\.1:2[12]$/);
});

it.each([
  [200, '{"health":"true"}', true],
  [200, '{"health":"false"}', false],
  [503, '{"health":"true"}', false],
])("takes %i %s for healthy: %s", async (status, body, expected) => {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  expect(await isHealthy(`http://127.0.0.1:${port}`)).toBe(expected);
  await new Promise((resolve) => server.close(resolve));
  expect(await isHealthy(`http://127.0.0.1:${port}`)).toBe(false);
});

import { createServer } from "node:net";
import { expect, it } from "vitest";
import { findFreePort } from "./ports.js";

it("finds the same free port again, outside the kernel's own range, and avoids taken and bound ones", async () => {
  const first = await findFreePort("127.0.0.1", "seed", new Set());
  expect(first).toBeGreaterThan(1024);
  expect(first).toBeLessThan(32_768);
  expect(await findFreePort("127.0.0.1", "seed", new Set([first]))).not.toBe(first);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(first, "127.0.0.1", resolve));
  expect(await findFreePort("127.0.0.1", "seed", new Set())).not.toBe(first);
  await new Promise((resolve) => server.close(resolve));
  expect(await findFreePort("127.0.0.1", "seed", new Set())).toBe(first);
});

import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { LabError } from "./lab-error.js";

// Below the range from which the kernel takes ports for outgoing connections (32768 and up), so that a port is
// still free when its server starts again after a while.
const portMin = 20_000;
const portCount = 10_000;

function canBind(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Finds a port that can be bound on `address` now, as an ordinary user. The search begins at a place made from
 * `seed`, so that different labs hardly ever look at the same ports at the same time.
 * @param taken - Ports that are promised to somebody who has not bound them yet.
 * @throws {LabError} `failed` if there is none.
 */
export async function findFreePort(
  address: string,
  seed: string,
  taken: ReadonlySet<number>,
): Promise<number> {
  const start = createHash("sha256").update(seed).digest().readUInt32BE(0) % portCount;
  for (let step = 0; step < portCount; step++) {
    const port = portMin + ((start + step) % portCount);
    if (!taken.has(port) && (await canBind(address, port))) return port;
  }
  throw new LabError("failed", `cannot find a free port on ${address}`);
}

// The example of a resource that checks fencing tokens (docs/exclusive.md) does.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkout } from "../../support/fleet.js";

let directory: string;
let ledger: ChildProcess | undefined;
let url: string;

async function begin(): Promise<void> {
  const child = spawn(process.execPath, [
    join(checkout, "examples/exclusive/ledger.mjs"),
    join(directory, "ledger"),
    "0",
  ]);
  ledger = child;
  url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
    child.once("exit", () => reject(new Error("the ledger has ended")));
  });
}

async function end(): Promise<void> {
  const child = ledger;
  ledger = undefined;
  if (child === undefined) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "fleet-ledger-"));
  await begin();
});
afterEach(async () => {
  await end();
  rmSync(directory, { recursive: true });
});

async function write(token: string, line: string): Promise<number> {
  const answer = await fetch(url, { method: "POST", headers: { "fencing-token": token }, body: line });
  await answer.text();
  return answer.status;
}

it("takes lines from the newest token alone, also after a crash", async () => {
  expect(await write("7", "one")).toBe(200);
  expect(await write("7", "two")).toBe(200);
  expect(await write("12", "three")).toBe(200);
  expect(await write("7", "late")).toBe(409);
  expect(await write("", "nobody")).toBe(400);
  await end();
  await begin();
  expect(await write("11", "late")).toBe(409);
  expect(await write("12", "four")).toBe(200);
  expect((await (await fetch(url)).text()).trim().split("\n")).toEqual([
    "7 one",
    "7 two",
    "12 three",
    "12 four",
  ]);
});

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** A project of somebody else's, with the packages linked as npm links folders. */
let project: string;

function run(...argv: string[]): string {
  return execFileSync(process.execPath, argv, { cwd: project, encoding: "utf8" });
}

beforeAll(async () => {
  execFileSync(process.execPath, [join(checkout, "scripts/build.mjs"), "client"]);
  project = await mkdtemp(join(tmpdir(), "fleet-client-package-"));
  await mkdir(join(project, "node_modules/@fleet"), { recursive: true });
  for (const name of ["client", "core"]) {
    await symlink(join(checkout, "packages", name), join(project, "node_modules/@fleet", name));
  }
  await symlink(join(checkout, "node_modules/@types"), join(project, "node_modules/@types"));
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
});
afterAll(async () => {
  await rm(project, { recursive: true });
});

const program = `
  import { createServer } from "node:http";
  import { setTimeout } from "node:timers/promises";
  import { createInMemoryTransport, FleetClient } from "@fleet/client";
  import { isFleetError } from "@fleet/core";
  const transport = createInMemoryTransport((_request, response) => {
    response.end('{"machines":[{"id":"113f16a7a2a54b6a8c8dbba2b45e1f01"}]}');
  });
  const clock = { monotonic: () => 0, sleep: async (ms, signal) => await setTimeout(ms, undefined, { signal }) };
  const client = new FleetClient({ transport, clock });
  const machines = await client.listMachines(new AbortController().signal);
  console.log(createServer !== undefined && machines[0]?.id, isFleetError(new Error("no")));
`;

describe("the client's package", () => {
  it("is imported by plain node", async () => {
    await writeFile(join(project, "use.mjs"), program);
    expect(run("use.mjs")).toBe("113f16a7a2a54b6a8c8dbba2b45e1f01 false\n");
  });

  it("has the ports that its core promises", () => {
    expect(run("--input-type=module", "--eval", 'await import("@fleet/core/ports")')).toBe("");
  });

  it("brings its types along", async () => {
    const typed = program.replace("(ms, signal) =>", "(ms: number, signal: AbortSignal) =>");
    const misuse = "\n// @ts-expect-error There is no such call.\nclient.listNothing();\n";
    await writeFile(join(project, "use.ts"), `${typed}${misuse}`);
    const compiler = join(checkout, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--target", "es2023", "--module", "nodenext", "--types", "node"];
    expect(run(compiler, ...options, "use.ts")).toBe("");
  });
});

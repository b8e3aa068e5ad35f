import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createDocumentStore } from "./documents.js";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function store(parent: string) {
  const directory = await mkdtemp(join(parent, "fleet-documents-"));
  directories.push(directory);
  return {
    directory: join(directory, "made/on/use"),
    documents: createDocumentStore(join(directory, "made/on/use")),
  };
}

// Both are on a tmpfs where the host has its temporary files there.
describe.each([tmpdir(), "/dev/shm"])("documents below %s", (parent) => {
  it("keeps, replaces and removes documents", async () => {
    const { directory, documents } = await store(parent);
    expect(await documents.read("a")).toBeUndefined();
    await documents.write("a", { n: 1 });
    await documents.write("a", { n: 2 });
    expect(await documents.read("a")).toEqual({ n: 2 });
    expect(await readdir(directory)).toEqual(["a.json"]);
    await documents.remove("a");
    await documents.remove("a");
    expect(await documents.read("a")).toBeUndefined();
  });

  it("says which file is broken instead of taking it for absent", async () => {
    const { directory, documents } = await store(parent);
    await documents.write("a", 1);
    await writeFile(join(directory, "a.json"), "{");
    await expect(documents.read("a")).rejects.toMatchObject({
      code: "internal",
      message: expect.stringContaining("a.json"),
    });
  });

  it("refuses names that would leave the directory", async () => {
    const { documents } = await store(parent);
    await expect(documents.write("../x", 1)).rejects.toThrow("bad document name");
  });

  it("leaves the document as it was and nothing beside it when it cannot be written", async () => {
    const { directory, documents } = await store(parent);
    await documents.write("a", 1);
    // A directory in the way of the rename stands for a disk that is full: the root of tests may write everywhere.
    await mkdir(join(directory, "b.json"));
    await expect(documents.write("b", 2)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("b.json"),
    });
    expect((await readdir(directory)).sort()).toEqual(["a.json", "b.json"]);
    expect(await documents.read("a")).toBe(1);
  });
});

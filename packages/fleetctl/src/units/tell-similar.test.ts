import { describe, expect, it } from "vitest";
import { createCliHarness, withoutV2 } from "../testing/cli-harness.js";

const unit = "[Service]\nExecStart=/bin/true\n";

async function create(harness = createCliHarness()) {
  const names = [
    "hello.service",
    "bogus.service",
    "web@.service",
    "web@1.service",
    "backup.timer",
    "a.service",
  ];
  for (const name of names) harness.files.set(name, unit);
  await harness.run(`submit ${names.join(" ")}`);
  harness.files.clear();
  return harness;
}

describe("names that the cluster does not have", () => {
  const asked = "; did you mean hello.service?\n";
  const hint = "Hint: did you mean hello.service?\n";
  it.each([
    ["stop helo", `Units not found in registry\nHint: the cluster has no helo.service${asked}`],
    ["unload helo", `Units not found in registry\nHint: the cluster has no helo.service${asked}`],
    ["destroy helo", `Units not found in registry\nHint: the cluster has no helo.service${asked}`],
    [
      "stop helo nosuch",
      `Units not found in registry\nHint: the cluster has no helo.service${asked}Hint: the cluster has no nosuch.service\n`,
    ],
    ["cat helo", `Unit helo.service not found\n${hint}`],
    ["status helo", `Unit helo.service does not exist.\n${hint}`],
    ["journal helo", `Unit helo.service does not exist.\n${hint}`],
    ["explain helo", `Unit helo.service does not exist.\n${hint}`],
    [
      "ssh --unit helo",
      `Unable to proceed: unit does not exist\nHint: the cluster has no helo.service${asked}`,
    ],
    [
      "start helo",
      `Error creating units: unable to find Unit(helo.service) in Registry or on filesystem\nHint: there is no file helo.service, and the cluster has no such unit${asked}`,
    ],
  ])("%s", async (line, stderr) => {
    expect(await (await create()).run(line)).toEqual({ code: 1, stdout: "", stderr });
  });

  it.each([
    ["helo", "hello.service"],
    ["Hello", "hello.service"],
    ["hello.timer", "hello.service"],
    ["backup", "backup.timer"],
    ["web@2", "web@1.service"],
    ["wbe@", "web@.service"],
    // Most of such a name is its type.
    ["nosuch", undefined],
    ["x", undefined],
    ["ab", undefined],
    ["a.timer", "a.service"],
  ])("%s may mean %s", async (name, similar) => {
    const { stderr } = await (await create()).run(`cat ${name}`);
    expect(/did you mean (.*)\?/.exec(stderr)?.[1]).toBe(similar);
  });

  it("tells which of several are missing, one after the other", async () => {
    expect((await (await create()).run("destroy --no-block bogus helo nosuch")).stderr).toBe(
      `Unit helo.service not found in registry\n${hint}Unit nosuch.service not found in registry\n`,
    );
  });

  it("asks once", async () => {
    let lists = 0;
    const harness = createCliHarness((transport) => ({
      ...withoutV2(transport),
      request: (request, signal) => {
        if (/^\/fleet\/v1\/units\?/.test(request.path)) lists += 1;
        return withoutV2(transport).request(request, signal);
      },
    }));
    await create(harness);
    lists = 0;
    await harness.run("submit one two three");
    // Others are made to see what is there.
    expect(lists).toBeLessThanOrEqual(2);
  });
});

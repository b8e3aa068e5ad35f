import { expect, it } from "vitest";
import { createCliHarness } from "../testing/cli-harness.js";

const hello = "[Unit]\nDescription=Hello World\n\n[Service]\nExecStart=/bin/true\n";

it("plays a unit's life", async () => {
  const { run, files } = createCliHarness();
  files.set("hello.service", `# a comment\n${hello}`);
  expect(await run("submit hello.service")).toEqual({
    code: 0,
    stdout: "Unit hello.service inactive\n",
    stderr: "",
  });
  expect(await run("start hello")).toEqual({
    code: 0,
    stdout: "Unit hello.service launched on 113f16a7.../127.0.0.1\n",
    stderr: "",
  });
  expect(await run("cat hello")).toEqual({ code: 0, stdout: `# a comment\n${hello}`, stderr: "" });
  expect((await run("list-units")).stdout).toBe(
    "UNIT\t\tMACHINE\t\t\tACTIVE\tSUB\nhello.service\t113f16a7.../127.0.0.1\tactive\trunning\n",
  );
  expect(await run("stop hello")).toEqual({
    code: 0,
    stdout: "Unit hello.service loaded on 113f16a7.../127.0.0.1\n",
    stderr: "Successfully stopped units [hello.service].\n",
  });
  expect(await run("unload hello")).toEqual({
    code: 0,
    stdout: "Unit hello.service inactive\n",
    stderr: "Successfully unloaded units [hello.service].\n",
  });
  expect(await run("destroy hello")).toEqual({ code: 0, stdout: "Destroyed hello.service\n", stderr: "" });
});

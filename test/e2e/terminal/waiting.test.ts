// What people see while fleetctl waits: in terminals of several kinds and widths, under Ctrl-C, and in files and pipes.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@fleet/lab";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fleetctl, useCluster } from "../../support/fleet.js";
import { installTerminals, Terminal } from "../../support/terminal.js";

const cluster = useCluster("e2ewaiting", { machines: 1 });
const limits = { timeoutMs: 30_000, everyMs: 30 };
const prompt = "ready>";
/** A tab is none here: tables have them. */
const control = /(?![\n\t])\p{Cc}/u;
let terminal: Terminal;
let gate = "";

beforeAll(() => installTerminals(), 240_000);

/** Opens a shell beside the file of a unit whose start ends when {@link openGate} is called. */
async function open(columns: number): Promise<void> {
  terminal = await Terminal.open(
    { columns, command: ["bash", "-i"], environment: { FLEETCTL_ENDPOINT: cluster().endpoint } },
    (home) => {
      gate = join(home, "gate");
      writeFileSync(
        join(home, ".bashrc"),
        `PS1='${prompt} '\nHISTFILE=\nbind 'set enable-bracketed-paste off'\n`,
      );
      const wait = `ExecStartPre=/bin/sh -c 'until [ -e ${gate} ]; do sleep 0.05; done'`;
      const text = `[Service]\nTimeoutStartSec=infinity\n${wait}\nExecStart=/bin/sleep 100000\n`;
      writeFileSync(join(home, "slow.service"), text);
    },
  );
  await terminal.seesLine(prompt);
}

const openGate = () => writeFileSync(gate, "");

async function enter(line: string): Promise<void> {
  await terminal.type(line);
  await terminal.press("Enter");
}

const launched = /^Unit slow\.service launched on [0-9a-f]{8}\.\.\.\/127\.0\.0\.11$/;
const stopped = "Stopped waiting. The units stay wanted launched; see fleetctl list-units";
const full = /^Waiting \d+ s for slow\.service: still starting \(activating\/start-pre\)$/;

const cutOff = /^Waiting \d+ s for slow\.service: still.*\.\.\.$/;
/** Of a slow machine there may be others before. */
const remarks =
  /^(?:Waiting for unit slow\.service: .*\n)*Waiting for unit slow\.service: still starting \(activating\/start-pre\)\n$/;

/**
 * Waits until the unit has been launched, and the last line is a status line of it, of at least that many seconds.
 * @returns all lines.
 */
async function seesStatus(
  seconds = 1,
  { pattern = full, isLaunched = (screen: string) => screen.includes("launched on") } = {},
): Promise<readonly string[]> {
  const isStatus = (line: string) =>
    pattern.test(line) && Number(/^Waiting (\d+) s/.exec(line)?.[1]) >= seconds;
  const isSeen = (screen: string) => isLaunched(screen) && isStatus(screen.split("\n").at(-1) ?? "");
  return (await terminal.sees("a status line", isSeen)).split("\n");
}

afterEach(async () => {
  try {
    await fleetctl(cluster(), "destroy", "slow");
  } finally {
    await terminal.close();
  }
});

describe("the status line", () => {
  beforeEach(async () => await open(100));

  it("counts the seconds, makes way for lines, and leaves nothing behind", async () => {
    await enter("fleetctl start slow");
    expect(await seesStatus(1)).toEqual([
      `${prompt} fleetctl start slow`,
      "Unit slow.service inactive",
      expect.stringMatching(launched),
      expect.stringMatching(full),
    ]);
    expect(await seesStatus(2)).toHaveLength(4);
    openGate();
    const screen = await terminal.sees("the end", (seen) => seen.endsWith(`\n${prompt}`));
    expect(screen.split("\n")).toEqual([
      `${prompt} fleetctl start slow`,
      "Unit slow.service inactive",
      expect.stringMatching(launched),
      prompt,
    ]);
  });

  it("is there when stdout alone goes elsewhere", async () => {
    writeFileSync(join(terminal.home, "out"), "");
    await enter("fleetctl start slow > out");
    const isLaunched = () => readFileSync(join(terminal.home, "out"), "utf8").includes("launched on");
    const lines = await seesStatus(1, { isLaunched });
    expect(lines).toEqual([`${prompt} fleetctl start slow > out`, expect.stringMatching(full)]);
    openGate();
    await terminal.sees("the end", (seen) => seen === `${prompt} fleetctl start slow > out\n${prompt}`);
    const out = readFileSync(join(terminal.home, "out"), "utf8");
    expect(out.trimEnd().split("\n")).toEqual([
      "Unit slow.service inactive",
      expect.stringMatching(launched),
    ]);
  });

  it("fits into the window when that becomes narrower and wider", async () => {
    await enter("fleetctl start slow");
    await seesStatus(1);
    for (const columns of [61, 30, 45, 100]) {
      await terminal.resize(columns);
      const [before, status] = await until(`a window of ${columns}`, limits, async () => {
        const lines = (await terminal.screen({ isWhole: true })).split("\n");
        const last = lines.at(-1) ?? "";
        const fits = last.length < columns && (full.test(last) || last.length === columns - 1);
        return last.startsWith("Waiting") && fits && lines.length === 4 && [lines.slice(0, 3), last];
      }).catch(async (error) => {
        throw new Error(await terminal.screen({ isWhole: true }), { cause: error });
      });
      expect(before).toEqual([
        `${prompt} fleetctl start slow`,
        "Unit slow.service inactive",
        expect.stringMatching(launched),
      ]);
      if (columns < 60) expect(status).toMatch(/\.\.\.$/);
    }
    openGate();
    await terminal.sees("the end", (seen) => seen.endsWith(`\n${prompt}`));
    expect(await terminal.screen()).not.toContain("Waiting");
  });
});

describe("a window of 40 columns", () => {
  beforeEach(async () => await open(40));

  it("has a status line that is cut off, in one line", async () => {
    await enter("fleetctl start slow");
    for (const seconds of [1, 2, 3]) {
      const lines = await seesStatus(seconds, { pattern: cutOff });
      expect(lines.filter((line) => line.startsWith("Waiting"))).toHaveLength(1);
      expect(lines.at(-1)).toHaveLength(39);
    }
  });

  it("keeps nothing of it under Ctrl-C, which stops the waiting alone", async () => {
    await enter("fleetctl start slow; echo =$?");
    await seesStatus(1, { pattern: cutOff });
    await terminal.press("C-c");
    await terminal.sees("the end", (seen) => seen.includes("\n=130"));
    const lines = (await terminal.screen({ isWhole: true })).split("\n");
    expect(lines).toEqual([
      `${prompt} fleetctl start slow; echo =$?`,
      "Unit slow.service inactive",
      expect.stringMatching(launched),
      stopped,
      "=130",
      prompt,
    ]);
    const listed = await fleetctl(cluster(), "list-unit-files", "--no-legend", "--fields=unit,dstate");
    expect(listed).toBe("slow.service\tlaunched\n");
    openGate();
    await cluster().waitForListedActive(["slow.service"]);
  });
});

describe("what is written", () => {
  beforeEach(async () => await open(100));

  it.each([
    ["dims the status line in a terminal", "", true],
    ["has no colour with NO_COLOR", "NO_COLOR=1 ", false],
  ])("%s", async (_what, variables, isDim) => {
    const recording = await terminal.record();
    await enter(`${variables}fleetctl start slow`);
    await seesStatus(1);
    openGate();
    await terminal.sees("the end", (seen) => seen.endsWith(`\n${prompt}`));
    expect(recording()).toMatch(/Waiting \d+ s for slow\.service: still/);
    expect(recording().includes("\u001b[2m")).toBe(isDim);
  });

  it("has no control bytes in a terminal that is dumb, and says in a line what is waited for", async () => {
    const recording = await terminal.record();
    await enter("TERM=dumb fleetctl start slow");
    await terminal.sees("a remark", (seen) => seen.endsWith("(activating/start-pre)"));
    openGate();
    await terminal.sees("the end", (seen) => seen.endsWith(`\n${prompt}`));
    // The terminal itself makes "\r\n" of the end of a line.
    expect(recording().replaceAll("\r\n", "\n")).not.toMatch(control);
    expect(recording()).toMatch(
      /\nWaiting for unit slow\.service: still starting \(activating\/start-pre\)\r\n/,
    );
  });

  it("has no control bytes in files and pipes, and the same lines", async () => {
    writeFileSync(join(terminal.home, "err"), "");
    await enter("(fleetctl start slow | cat > out) 2> err");
    const file = (name: string) => readFileSync(join(terminal.home, name), "utf8");
    await until("a remark", limits, async () => remarks.test(file("err")));
    openGate();
    await terminal.sees("the end", (seen) => seen.endsWith(`\n${prompt}`));
    expect(file("err")).toMatch(remarks);
    expect(file("out").trimEnd().split("\n")).toEqual([
      "Unit slow.service inactive",
      expect.stringMatching(launched),
    ]);
    expect(file("out")).not.toMatch(control);
  });

  it("has no control bytes in lists and pages, in a terminal or not", async () => {
    await fleetctl(cluster(), "start", "--no-block", join(terminal.home, "slow.service"));
    for (const command of [
      "list-units",
      "list-unit-files",
      "list-machines",
      "help",
      "help start",
      "cat slow",
    ]) {
      const recording = await terminal.record();
      await enter(`fleetctl ${command} > out; fleetctl ${command}; echo end`);
      await until("the end", limits, async () => recording().endsWith(`end\r\n${prompt} `));
      expect(recording().replaceAll("\r\n", "\n")).not.toMatch(control);
      expect(readFileSync(join(terminal.home, "out"), "utf8")).not.toMatch(control);
    }
  });
});

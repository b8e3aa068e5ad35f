// The worked examples of the original's commands, each played against machines that are real, and compared to the byte.
// FLEET_TRANSCRIPTS=rewrite writes down what is said now, for a review of the difference.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useCluster } from "../../support/fleet.js";
import { expectationOf } from "./output.js";
import { Stage } from "./stage.js";
import { readTranscript, type Step, writeTranscript } from "./transcript.js";

const isRewriting = process.env.FLEET_TRANSCRIPTS === "rewrite";
const directory = join(dirname(fileURLToPath(import.meta.url)), "commands");
// By their ids, machines of this lab stand in the order of their names, so that metadata can be told in the transcripts.
const cluster = useCluster("e2etranscripts", {
  machines: 3,
  metadata: (number): Record<string, string> => (number === 1 ? { az: "us-west-1b", role: "web" } : {}),
});

for (const file of readdirSync(directory).sort()) {
  const path = join(directory, file);
  const steps: Step[] = [...readTranscript(readFileSync(path, "utf8"))];

  describe(basename(file, ".txt"), () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await Stage.open(cluster(), isRewriting ? 5_000 : 30_000);
    });
    afterAll(async () => {
      await stage.close();
      if (isRewriting) writeFileSync(path, writeTranscript(steps));
    });

    let first = 0;
    for (const [index, step] of steps.entries()) {
      if (step.kind !== "command") continue;
      const before = steps.slice(first, index);
      first = index + 1;
      it(`$ ${step.command}`, async () => {
        for (const each of before) await stage.prepare(each);
        const { said, expected } = await stage.play(step);
        if (!isRewriting) expect(said).toEqual(expected);
        else if (expectationOf(said).join("\n") !== expectationOf(expected).join("\n")) {
          steps[index] = { ...step, expected: expectationOf(said) };
        }
      });
    }
  });
}

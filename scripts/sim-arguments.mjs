// What `npm run sim -- …` asks for.
import { parseArgs } from "node:util";

export const simHelp = `Plays whole clusters under virtual time and seeded faults, and holds them against the invariants.

USAGE
  npm run sim                              a hundred worlds
  npm run sim -- --seeds 1..1000           many, in as many processes as --jobs says
  npm run sim -- --seed 42                 one; if it breaks a promise, the shortest story of it
  npm run sim -- --seed 42 --story         one, told from beginning to end (--all: the same, with every line of every log)
  npm run sim -- --verify FILE --sample 3  plays some thousands of an evidence file again, with the code of its commit
  npm run sim -- --merge FILE…             makes one report of those of a long run that was played piece by piece

OPTIONS
  --machines N (5)  --units N (10)  --minutes N (2, virtual)  --jobs N (processors)  --json
  --no-drains      operators only cordon machines: they neither drain any nor release lost ones
`;

const options = {
  seed: { type: "string" },
  seeds: { type: "string" },
  machines: { type: "string" },
  units: { type: "string" },
  minutes: { type: "string" },
  "no-drains": { type: "boolean", default: false },
  jobs: { type: "string" },
  json: { type: "boolean", default: false },
  story: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  verify: { type: "string" },
  merge: { type: "boolean", default: false },
  sample: { type: "string", default: "1" },
  help: { type: "boolean", short: "h", default: false },
};

/** Reads the arguments. @returns a text that says what is wrong if they cannot be used. */
export function parseSimArguments(argv) {
  let values;
  let positionals;
  try {
    ({ values, positionals } = parseArgs({ args: argv, options, allowPositionals: true }));
  } catch (error) {
    return error.message;
  }
  if (positionals.length > 0 && !values.merge) return `unexpected: ${positionals[0]}`;
  if (values.merge && positionals.length === 0) return "--merge needs the reports to merge";
  const merge = values.merge ? positionals : undefined;
  const config = {};
  for (const [name, min, max] of [
    ["machines", 1, 50],
    ["units", 1, 500],
    ["minutes", 1, 600],
  ]) {
    if (values[name] === undefined) continue;
    config[name] = Number(values[name]);
    const isFine = Number.isInteger(config[name]) && config[name] >= min && config[name] <= max;
    if (!isFine) return `--${name} needs a number from ${min} to ${max}`;
  }
  if (values["no-drains"]) config.drains = false;
  const jobs = values.jobs === undefined ? undefined : Number(values.jobs);
  if (jobs !== undefined && !(Number.isInteger(jobs) && jobs >= 1)) return "--jobs needs a number from 1 on";
  const range = /^(\d+)\.\.(\d+)$/.exec(values.seeds ?? "1..100");
  if (range === null) return "--seeds needs a range, like 1..1000";
  const [first, last] = [Number(range[1]), Number(range[2])];
  if (last < first) return "--seeds needs a range that is not empty";
  const sample = Number(values.sample);
  if (!(Number.isInteger(sample) && sample >= 1)) return "--sample needs a number from 1 on";
  const story = values.story || (values.all && values.seed !== undefined);
  return { ...values, merge, story, config, jobs, first, last, sample };
}

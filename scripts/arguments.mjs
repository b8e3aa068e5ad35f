// What `npm run demo -- …` and `npm run bench -- …` ask for. Plain JavaScript without dependencies: wrong arguments are
// refused before anything is installed or built.

/** Addresses and patience end somewhere; a small machine carries this many. */
const machinesMax = 30;
/** What fleetd takes for agent_ttl. */
const ttlSecondsMin = 3;
const ttlSecondsMax = 3600;

export const demoHelp = `A fleet cluster on this one machine: etcd, N systemd managers, a fleetd on each.

USAGE
  npm run demo                         start it, show the main job, lose a machine and have it back, leave it running
  npm run demo -- --machines 5         with five machines (default 3)
  npm run demo -- --ttl 30s            a machine counts as lost after 30 s of silence (default 10s)
  npm run demo -- status               what runs
  npm run demo -- kill m2              cut the power of m2, and wait until its units run elsewhere
  npm run demo -- revive m2            switch m2 on again
  npm run demo -- stop                 end everything; nothing is left behind

Starting it again ends the one that runs. Each user has a cluster of their own.
`;

const units = { ms: 0.001, s: 1, m: 60 };

function isTtl(text) {
  const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(text ?? "") ?? [];
  const seconds = Number(amount) * units[unit];
  return seconds >= ttlSecondsMin && seconds <= ttlSecondsMax;
}

/** Reads the demo's arguments. @returns a text that says what is wrong if they cannot be used. */
export function parseDemoArguments(argv) {
  let machines;
  let ttl;
  const words = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [flag, inline] = word.split("=", 2);
    if (flag === "--help" || flag === "-h") return { action: "help" };
    if (flag === "--machines") {
      machines = Number(inline ?? rest.shift());
      if (!Number.isInteger(machines) || machines < 1 || machines > machinesMax) {
        return `--machines needs a number from 1 to ${machinesMax}`;
      }
    } else if (flag === "--ttl") {
      ttl = inline ?? rest.shift();
      if (!isTtl(ttl)) return `--ttl needs ${ttlSecondsMin}s to ${ttlSecondsMax}s, like "10s"`;
    } else if (word.startsWith("-")) return `unknown flag ${word}`;
    else words.push(word);
  }
  const [action = "start", machine, ...surplus] = words;
  if (surplus.length > 0) return `too many arguments: ${surplus.join(" ")}`;
  if (action === "start") {
    if (machine !== undefined) return "start takes no argument";
    return { action, machines: machines ?? 3, ttl };
  }
  if (!["kill", "revive", "status", "stop"].includes(action)) return `unknown action "${action}"`;
  if (machines !== undefined || ttl !== undefined) return `${action} takes neither --machines nor --ttl`;
  if (action === "kill" || action === "revive") {
    return machine === undefined ? `${action} needs the name of a machine, like m2` : { action, machine };
  }
  return machine === undefined ? { action } : `${action} takes no argument`;
}

/** Every benchmark: what it is about, and how often it measures. */
export const benchmarks = {
  start: { about: "one new unit, from the command until it runs and is listed", runs: 15 },
  failover: {
    about: "20 units on a machine that is lost or reboots, until they run elsewhere",
    runs: 7,
    fullMachines: true,
  },
  bulk: {
    about: "1,000 units on 10 machines, started and destroyed, beside a bare D-Bus client",
    runs: 3,
    fullMachines: true,
  },
  idle: {
    about: "what 10 machines cost while nothing happens, with 0 and with 1,000 units",
    runs: 3,
    fullMachines: true,
  },
  cli: { about: "fleetctl --version and list-units of up to 10,000 units", runs: 10 },
  schedule: { about: "50,000 units placed on 2,000 simulated agents through a real etcd", runs: 3 },
  globals: { about: "one more global unit on 2,000 simulated agents that have 50 already", runs: 5 },
  engine: {
    about: "planning alone: from scratch and per event, up to 100,000 units on 5,000 machines",
    runs: 5,
  },
  explain: { about: "why a unit has no place on 5,000 machines with 100,000 units", runs: 10 },
};

export const benchHelp = `Measures fleet on machines of its own, beside a baseline in the same run.

USAGE
  npm run bench -- NAME [--runs N] [--json]

${Object.entries(benchmarks)
  .map(([name, { about, runs, fullMachines }]) => {
    return `  ${name.padEnd(10)} ${about} (${runs} runs)${fullMachines ? " *" : ""}`;
  })
  .join("\n")}

  * on full machines (systemd-nspawn), which needs root and systemd-container

Figures are medians with minimum and maximum; the field names carry the units. --json prints one object a line, with the
budgets that are held to (docs/benchmarks.md) and where and of what it was measured: an idle host gives better figures.
`;

/** Reads the benchmarks' arguments. @returns a text that says what is wrong if they cannot be used. */
export function parseBenchArguments(argv) {
  let name;
  let runs;
  let json = false;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--help" || word === "-h") return { name: "help" };
    if (word === "--json") json = true;
    else if (word === "--runs") {
      runs = Number(rest.shift());
      if (!Number.isInteger(runs) || runs < 1 || runs > 1000) return "--runs needs a number from 1 to 1000";
    } else if (word.startsWith("-")) return `unknown flag ${word}`;
    else if (name !== undefined) return `one benchmark at a time, not ${name} and ${word}`;
    else name = word;
  }
  if (name === undefined) return "which benchmark?";
  if (!Object.hasOwn(benchmarks, name)) return `there is no benchmark "${name}"`;
  return { name, runs: runs ?? benchmarks[name].runs, json };
}

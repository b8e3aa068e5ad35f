/** What `npm run demo -- …` asks for. */
export type DemoArguments =
  | { readonly action: "start"; readonly machines: number; readonly ttl: string | undefined }
  | { readonly action: "status" }
  | { readonly action: "stop" }
  | { readonly action: "help" }
  | { readonly action: "kill"; readonly machine: string }
  | { readonly action: "revive"; readonly machine: string };

/** Addresses and patience end somewhere; a 2-core machine carries this many. */
const machinesMax = 30;

/** The text of `npm run demo -- --help`. */
export const demoHelp = `A fleet cluster on this one machine: etcd, N systemd managers, a fleetd on each.

USAGE
  npm run demo                         start it, show the main job, lose a machine, leave it running
  npm run demo -- --machines 5         with five machines (default 3)
  npm run demo -- --ttl 30s            a machine counts as lost after 30 s of silence (default 10s)
  npm run demo -- status               what runs
  npm run demo -- kill m2              cut the power of m2, and wait until its units run elsewhere
  npm run demo -- revive m2            switch m2 on again
  npm run demo -- stop                 end everything; nothing is left behind

Starting it again ends the one that runs. Each user has a cluster of their own.
`;

/**
 * Reads the arguments.
 * @returns a text that says what is wrong if they cannot be used.
 */
export function parseDemoArguments(argv: readonly string[]): DemoArguments | string {
  let machines = 3;
  let ttl: string | undefined;
  const words: string[] = [];
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
      if (ttl === undefined || !/^\d+(ms|s|m)$/.test(ttl)) return '--ttl needs a duration, like "10s"';
    } else if (word.startsWith("-")) return `unknown flag ${word}`;
    else words.push(word);
  }
  const [action = "start", machine, ...surplus] = words;
  if (surplus.length > 0) return `too many arguments: ${surplus.join(" ")}`;
  if (action === "kill" || action === "revive") {
    return machine === undefined ? `${action} needs the name of a machine, like m2` : { action, machine };
  }
  if (machine !== undefined) return `${action} takes no argument`;
  if (action === "start") return { action, machines, ttl };
  if (action === "status" || action === "stop") return { action };
  return `unknown action "${action}"`;
}

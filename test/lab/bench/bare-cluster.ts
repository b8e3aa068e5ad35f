// A cluster layer with nothing to decide, as processes of their own: a leader that writes seats into etcd, and for each
// machine an agent that does what its seats say and says so. They use fleet's adapters of etcd and systemd, and do nothing
// that could be left out: no records, no rules, no evidence, no states on the way. `bulk` measures what that takes.
import { createInterface } from "node:readline";
import { connectBareClient } from "@fleet/demo/bench/bare-client";
import { sleep } from "@fleet/lab";
import { openEtcdStore, type Store, type StoreEvent } from "@fleet/registry";

/** What such a process is told, as JSON in its only argument. */
export interface BareRole {
  readonly etcdUrls: readonly string[];
  /** Of the leader: the unit names of each machine. */
  readonly units?: Readonly<Record<string, readonly string[]>>;
  /** Of the leader: what the units say. */
  readonly text?: string;
  /** Of an agent: whose, and where its systemd and its files are. */
  readonly agent?: {
    readonly machine: string;
    readonly address: string;
    readonly directory: string;
    readonly directoryHere: string;
  };
}

const seats = "/bench/seats/";
const states = "/bench/states/";
/** What a transaction of etcd holds. */
const operationsMax = 128;
/** How many transactions are under way at once. */
const transactionsMax = 4;

type Put = { readonly kind: "put"; readonly key: string; readonly value: string };

const role: BareRole = JSON.parse(process.argv[2] ?? "");
const store = openEtcdStore({
  endpoints: role.etcdUrls,
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    boottime: () => performance.now(),
    sleep: (ms, signal) => sleep(ms, signal),
  },
});
const never = new AbortController().signal;

await (role.agent === undefined ? lead(store, role) : serve(store, role.agent));

function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

async function write(operations: readonly (Put | { readonly kind: "delete"; readonly prefix: string })[]) {
  const batches: (typeof operations)[] = [];
  for (let at = 0; at < operations.length; at += operationsMax)
    batches.push(operations.slice(at, at + operationsMax));
  const work = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift())
      await store.transact({ success: batch }, never);
  };
  await Promise.all(Array.from({ length: transactionsMax }, work));
}

/** Does what a machine's seats say, each batch of them by itself. */
async function serve(
  etcd: Store,
  { machine, address, directory, directoryHere }: Required<BareRole>["agent"],
) {
  const client = await connectBareClient({ address: { kind: "bus", address }, directory, directoryHere });
  const prefix = `${seats}${machine}/`;
  const { revision } = await etcd.range({ prefix }, never);
  const report = async (units: readonly string[], value: string) =>
    await write(units.map((unit) => ({ kind: "put", key: `${states}${machine}/${unit}`, value })));
  const act = async (events: readonly StoreEvent[]) => {
    const puts = events.flatMap((event) => (event.kind === "put" ? event.item : []));
    const named = (isWanted: boolean) =>
      puts
        .filter(({ value }) => (value !== "absent") === isWanted)
        .map(({ key }) => key.slice(prefix.length));
    const [started, stopped] = [named(true), named(false)];
    if (started.length > 0) {
      await client.start(started, puts[0]?.value ?? "");
      await report(started, "active");
    }
    if (stopped.length > 0) {
      await client.stop(stopped);
      await report(stopped, "unloaded");
    }
  };
  say("ready");
  await etcd.watch({ prefix }, revision + 1, never, ({ events }) => void act(events));
}

/** Has units started and destroyed, one word on stdin for each. */
async function lead(etcd: Store, { units = {}, text = "" }: BareRole) {
  const said = new Map<string, string>();
  let onChange = (): void => undefined;
  const { revision } = await etcd.range({ prefix: states }, never);
  void etcd.watch({ prefix: states }, revision + 1, never, ({ events }) => {
    for (const event of events) if (event.kind === "put") said.set(event.item.key, event.item.value);
    onChange();
  });
  const keys = Object.entries(units).flatMap(([machine, names]) => names.map((name) => `${machine}/${name}`));
  const reach = async (value: string, state: string) => {
    await write(keys.map((key) => ({ kind: "put", key: seats + key, value })));
    const isReached = () => keys.every((key) => said.get(states + key) === state);
    await new Promise<void>((resolve) => {
      onChange = () => isReached() && resolve();
      onChange();
    });
  };
  say("ready");
  for await (const word of createInterface(process.stdin)) {
    if (word === "start") await reach(text, "active");
    else {
      await reach("absent", "unloaded");
      await write([
        { kind: "delete", prefix: seats },
        { kind: "delete", prefix: states },
      ]);
      said.clear();
    }
    say("done");
  }
}

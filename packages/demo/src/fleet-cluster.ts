import { readFile } from "node:fs/promises";
import { createTransport, FleetClient } from "@fleet/client";
import { FleetError } from "@fleet/core";
import { type Lab, LabError, sleep, until } from "@fleet/lab";
import { type FleetMachine, fleetDaemon, fleetMachine } from "./fleet-machine.js";
import { type ProgramOptions, type ProgramResult, runProgram } from "./run-program.js";

/** What a cluster in a lab is. */
export interface FleetClusterOptions {
  /** The checkout whose bundles are run. */
  readonly checkout: string;
  readonly machines: number;
  /** Metadata of machine `number`, from 1. */
  readonly metadata?: (number: number) => Readonly<Record<string, string>>;
  /** In fleet.conf's notation; absent: fleetd's default. */
  readonly ttl?: string;
  /** Put a proxy between each machine and etcd (`lab.etcdProxy(name)`), so that it can be cut off. */
  readonly proxies?: boolean;
  /** Reach systemd over session buses instead of private sockets. */
  readonly bus?: boolean;
  /** Further `FLEET_…` variables for every fleetd. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Told what is being done. */
  readonly progress?: (step: string) => void;
}

const joinTimeoutMs = 60_000;

/** The last line that each machine's fleetd has said, which is all there is when it does not come up. */
async function lastWords(lab: Lab, machines: readonly FleetMachine[]): Promise<string> {
  const said: string[] = [];
  for (const { name } of machines) {
    const log = await readFile(lab.logs(name).daemon, "utf8").catch(() => "");
    const last = log.trimEnd().split("\n").at(-1);
    if (last !== undefined && last !== "") said.push(`fleetd of ${name}: ${last}`);
  }
  return said.join("\n");
}

/** A fleet of real machines in a lab: etcd, N systemd managers, a fleetd on each. */
export class FleetCluster {
  readonly lab: Lab;
  readonly checkout: string;
  readonly machines: readonly FleetMachine[];
  /** For `FLEETCTL_ENDPOINT`: every machine's API, so that losing one does not matter. */
  readonly endpoint: string;

  private constructor(lab: Lab, checkout: string, machines: readonly FleetMachine[], endpoint: string) {
    this.lab = lab;
    this.checkout = checkout;
    this.machines = machines;
    this.endpoint = endpoint;
  }

  /** Boots everything and waits until every machine has joined. */
  static async start(lab: Lab, options: FleetClusterOptions): Promise<FleetCluster> {
    const { signal } = options;
    const progress = options.progress ?? (() => undefined);
    progress("starting etcd");
    await lab.startEtcd(signal === undefined ? {} : { signal });
    const numbers = Array.from({ length: options.machines }, (_, index) => index + 1);
    const machines = numbers.map((number) => fleetMachine(lab, number, options.metadata?.(number)));
    progress(`booting ${machines.map((machine) => machine.name).join(", ")}, each with its own systemd`);
    await Promise.all(machines.map((machine) => FleetCluster.#boot(lab, machine, options)));
    const cluster = new FleetCluster(
      lab,
      options.checkout,
      machines,
      await FleetCluster.#endpointOf(lab, machines),
    );
    progress("waiting until they have joined");
    try {
      await cluster.waitForMachines(machines.length, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      const hint = await lastWords(lab, machines);
      throw new LabError("failed", "the machines have not joined", {
        cause: error,
        ...(hint === "" ? {} : { hint }),
      });
    }
    return cluster;
  }

  /** Takes up a cluster that another process started. */
  static async attach(lab: Lab, checkout: string): Promise<FleetCluster> {
    const status = await lab.status();
    const machines = status.machines.map(({ name, address, machineId, metadata }) => ({
      name,
      address,
      machineId,
      metadata,
    }));
    return new FleetCluster(lab, checkout, machines, await FleetCluster.#endpointOf(lab, machines));
  }

  static async #boot(lab: Lab, machine: FleetMachine, options: FleetClusterOptions): Promise<void> {
    const etcdUrl =
      options.proxies === true ? `http://127.0.0.1:${(await lab.etcdProxy(machine.name)).port}` : lab.etcdUrl;
    const daemon = fleetDaemon(lab, machine, {
      checkout: options.checkout,
      etcdUrl,
      apiPort: await lab.port(`api ${machine.name}`, machine.address),
      ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
      ...(options.bus === undefined ? {} : { bus: options.bus }),
      ...(options.environment === undefined ? {} : { environment: options.environment }),
    });
    await lab.startMachine({
      ...machine,
      daemon,
      ...(options.bus === undefined ? {} : { bus: options.bus }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  static async #endpointOf(lab: Lab, machines: readonly FleetMachine[]): Promise<string> {
    const urls: string[] = [];
    for (const machine of machines) {
      urls.push(`http://${machine.address}:${await lab.port(`api ${machine.name}`, machine.address)}`);
    }
    return urls.join(",");
  }

  /** Why the engine gives a unit no other place, if it has said so. */
  async placementProblem(unit: string, signal?: AbortSignal): Promise<string | undefined> {
    const clock = { monotonic: () => performance.now(), sleep };
    const transport = createTransport({ endpoints: this.endpoint, clock, requestTimeoutMs: 5_000 });
    const client = new FleetClient({ transport, clock });
    try {
      const seen = await client.look([unit], signal ?? new AbortController().signal);
      const { problem, seats = [] } = seen.units.get(unit) ?? {};
      // What is held on a lost machine is not without a place: it waits, and goes elsewhere later.
      return seats.some(({ held = "" }) => held !== "") ? undefined : problem;
    } catch (error) {
      signal?.throwIfAborted();
      // A server that has no answer now may have one when it is asked again.
      if (error instanceof FleetError) return undefined;
      throw error;
    }
  }

  /** The machine of that name. */
  machine(name: string): FleetMachine | undefined {
    return this.machines.find((machine) => machine.name === name);
  }

  /** Runs fleetctl of the checkout against this cluster; paths in `args` are relative to the checkout. */
  async fleetctl(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
    return await runProgram([`${this.checkout}/bin/fleetctl`, ...args], {
      cwd: this.checkout,
      ...options,
      environment: { FLEETCTL_ENDPOINT: this.endpoint, ...options.environment },
    });
  }

  /** Waits until that many machines are listed. */
  async waitForMachines(count: number, signal?: AbortSignal): Promise<void> {
    await until(
      `${count} machines to be listed`,
      { signal, timeoutMs: joinTimeoutMs, everyMs: 50 },
      async () => {
        const listed = await this.fleetctl(["list-machines", "--no-legend"]);
        return (
          listed.status === 0 && listed.stdout.split("\n").filter((line) => line !== "").length === count
        );
      },
    );
  }

  /** Waits until these units are listed, and wherever they are listed, as active. */
  async waitForListedActive(units: readonly string[], signal?: AbortSignal): Promise<void> {
    const what = `${units.join(", ")} to be listed as active`;
    await until(what, { signal, timeoutMs: joinTimeoutMs, everyMs: 50 }, async () => {
      const listed = await this.fleetctl(["list-units", "--no-legend", "--fields=unit,active"]);
      const rows = listed.stdout.split("\n").map((line) => line.split(/\t+/));
      return units.every((unit) => {
        const own = rows.filter(([name]) => name === unit);
        return own.length > 0 && own.every(([, active]) => active === "active");
      });
    });
  }

  /** Where a unit has processes now, by the kernel's account: names of machines. */
  async placesOf(unit: string): Promise<readonly string[]> {
    const places: string[] = [];
    for (const { name } of this.machines) {
      if ((await this.lab.unitsRunning(name, unit)).size > 0) places.push(name);
    }
    return places;
  }

  /** Waits until a unit has processes on exactly these machines. */
  async waitForPlaces(
    unit: string,
    accept: (places: readonly string[]) => boolean,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
  ): Promise<readonly string[]> {
    let places: readonly string[] = [];
    const { signal, timeoutMs = 60_000 } = options;
    await until(`${unit} to run where it should`, { signal, timeoutMs, everyMs: 20 }, async () => {
      places = await this.placesOf(unit);
      return accept(places);
    });
    return places;
  }
}

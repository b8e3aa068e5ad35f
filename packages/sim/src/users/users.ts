import {
  FleetError,
  isFleetError,
  parseUnitName,
  type UnitContent,
  type UnitName,
  unitContentFromText,
} from "@fleet/core";
import type { UnitRegistry, WriteOutcome } from "@fleet/core/ports";
import type { RunningDaemon, SimMachine } from "../machine/sim-machine.js";
import type { World } from "../world.js";

/** What users and operators ask an API server for. */
export type UserRequest =
  | {
      readonly kind: "submit";
      readonly unit: string;
      readonly text: string;
      readonly state: "inactive" | "loaded" | "launched";
    }
  | { readonly kind: "set"; readonly unit: string; readonly state: "inactive" | "loaded" | "launched" }
  | { readonly kind: "restart"; readonly unit: string }
  | { readonly kind: "destroy"; readonly unit: string }
  | {
      readonly kind: "metadata";
      readonly machine: string;
      readonly key: string;
      readonly value: string | undefined;
    }
  | { readonly kind: "cordon"; readonly machine: string; readonly cordoned: boolean }
  | {
      readonly kind: "drain";
      readonly machine: string;
      readonly drained: boolean;
      /** How many units may be on their way at a time; absent for as many as the engine likes. */
      readonly handOversMax: number | undefined;
    }
  /** Do not wait for a lost machine. */
  | { readonly kind: "release"; readonly machine: string }
  | { readonly kind: "forget"; readonly machine: string }
  | { readonly kind: "accept"; readonly machine: string | undefined };

/** A request that was made, and the server that has it. */
export interface PendingRequest {
  readonly request: UserRequest;
  readonly process: string;
  readonly sinceMs: number;
  /** Of which history etcd was when it was made. */
  readonly askedIn: number;
}

/** A request that was answered with success. */
export interface Acknowledgement extends PendingRequest {
  readonly outcome: WriteOutcome;
  readonly branch: number;
}

/** Nobody gives up waiting. */
const patiently = (): AbortSignal => new AbortController().signal;

/** The users of a cluster, who ask whichever API server they like and believe what it answers. */
export class Users {
  readonly #world: World;
  /** Requests without an answer; those that failed without one stay for ever, since they may still come true. */
  readonly pending = new Set<PendingRequest>();
  #nextPatienceMs = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Sends a request to a machine's API server. A server that is not there refuses it. */
  ask(machine: SimMachine, request: UserRequest): void {
    const { running } = machine;
    const text = describeRequest(request);
    if (running === undefined || !machine.isOn || !running.daemon.isServing) {
      this.#world.log(machine.name, `user: ${text}: no server`);
      return;
    }
    this.#world.log(machine.name, `user: ${text}`);
    const pending: PendingRequest = {
      request,
      process: running.process.name,
      sinceMs: this.#world.scheduler.nowMs,
      askedIn: this.#world.truth.branch,
    };
    this.pending.add(pending);
    running.process.deliver(() => {
      this.#perform(running, request).then(
        (outcome) => this.#succeeded(machine, pending, outcome),
        (error: unknown) => this.#failed(machine, pending, error),
      );
    });
  }

  /** Whether a server has been asked to forget a machine. */
  isForgetting(machineId: string, process: string): boolean {
    return [...this.pending].some(
      (pending) =>
        pending.process === process &&
        pending.request.kind === "forget" &&
        this.#world.machine(pending.request.machine).id === machineId,
    );
  }

  /** An operator looks after machines that do not believe etcd: once in a while, everything is accepted. */
  acceptIfFrozen(): void {
    const { scheduler, machines } = this.#world;
    if (scheduler.nowMs < this.#nextPatienceMs) return;
    const frozen = machines.find((machine) => machine.running?.daemon.session?.condition === "frozen");
    if (frozen === undefined) return;
    this.#nextPatienceMs = scheduler.nowMs + 8_000;
    this.ask(frozen, { kind: "accept", machine: undefined });
  }

  async #perform(running: RunningDaemon, request: UserRequest): Promise<WriteOutcome> {
    const { units } = running.daemon;
    if (request.kind === "accept") {
      this.#world.onAccept(request.machine);
      const id = request.machine === undefined ? undefined : this.#world.machine(request.machine).id;
      return await units.accept(id, patiently());
    }
    switch (request.kind) {
      case "submit":
        return await submit(units, parseUnitName(request.unit), contentOf(request.text), request.state);
      case "set":
        return await change(units, parseUnitName(request.unit), request.state, false);
      case "restart":
        return await change(units, parseUnitName(request.unit), "launched", true);
      case "destroy":
        return await units.destroyUnit(parseUnitName(request.unit), patiently());
      case "metadata": {
        const { key, value } = request;
        const { id } = this.#world.machine(request.machine);
        return await units.changeMetadata([{ machine: id, key, value }], patiently());
      }
      case "cordon": {
        const { id } = this.#world.machine(request.machine);
        return await units.changeMachinePolicy(
          id,
          (now) => ({ ...now, cordoned: request.cordoned }),
          patiently(),
        );
      }
      case "drain":
      case "release":
        return await this.#changePolicy(units, request);
      case "forget":
        return await units.forgetMachine(this.#world.machine(request.machine).id, patiently());
    }
  }

  /** Decides it as the API server does. */
  async #changePolicy(
    units: UnitRegistry,
    request: Extract<UserRequest, { kind: "drain" | "release" }>,
  ): Promise<WriteOutcome> {
    const { id } = this.#world.machine(request.machine);
    return await units.changeMachinePolicy(
      id,
      (now, { isPresent, recordRevision }) => {
        if (request.kind === "drain") {
          const { drained, handOversMax } = request;
          return { cordoned: drained, drained, ...(handOversMax === undefined ? {} : { handOversMax }) };
        }
        if (isPresent || recordRevision === 0) throw new FleetError("conflict", "it is present, or unknown");
        return { ...now, released: recordRevision };
      },
      patiently(),
    );
  }

  #succeeded(machine: SimMachine, pending: PendingRequest, outcome: WriteOutcome): void {
    this.pending.delete(pending);
    const text = describeRequest(pending.request);
    this.#world.log(machine.name, `user: ${text}: ${outcome.effect} at ${outcome.revision}`);
    this.#world.onAcknowledged({ ...pending, outcome, branch: this.#world.truth.branch });
  }

  #failed(machine: SimMachine, pending: PendingRequest, error: unknown): void {
    if (!isFleetError(error)) this.#world.fail("no-bugs", `${describeRequest(pending.request)}: ${error}`);
    const code = error instanceof FleetError ? error.code : "bug";
    // Whether it has come true, or still will, is not known after a lost answer.
    if (code !== "unavailable") this.pending.delete(pending);
    this.#world.log(machine.name, `user: ${describeRequest(pending.request)}: ${code}`);
  }
}

function submit(
  units: UnitRegistry,
  name: UnitName,
  content: UnitContent,
  desiredState: "inactive" | "loaded" | "launched",
): Promise<WriteOutcome> {
  return units.changeUnit(name, () => ({ content, desiredState }), patiently());
}

function change(
  units: UnitRegistry,
  name: UnitName,
  desiredState: "inactive" | "loaded" | "launched",
  restart: boolean,
): Promise<WriteOutcome> {
  return units.changeUnit(
    name,
    (current) => {
      if (current === undefined) throw new FleetError("not-found", `there is no unit "${name}"`);
      return { desiredState, restart };
    },
    patiently(),
  );
}

const contents = new Map<string, UnitContent>();

/** Reads a text, once. */
export function contentOf(text: string): UnitContent {
  let content = contents.get(text);
  if (content === undefined) {
    content = unitContentFromText(text);
    contents.set(text, content);
  }
  return content;
}

/** Says what somebody wants. */
export function describeRequest(request: UserRequest): string {
  switch (request.kind) {
    case "submit": {
      const demands = request.text
        .split("\n")
        .filter((line) =>
          /^(Conflicts|Machine|Global|Replaces|Type|Exclusive|Reserve|Prefer|Avoid|Spread)/.test(line),
        );
      const mark = /^# (\w+)/.exec(request.text)?.[1] ?? "";
      return `submit ${request.unit} ${mark} [${demands.join(", ")}] ${request.state}`;
    }
    case "set":
      return `set ${request.unit} ${request.state}`;
    case "restart":
      return `restart ${request.unit}`;
    case "destroy":
      return `destroy ${request.unit}`;
    case "metadata":
      return `metadata ${request.machine} ${request.key}=${request.value ?? "(none)"}`;
    case "cordon":
      return `${request.cordoned ? "cordon" : "uncordon"} ${request.machine}`;
    case "drain": {
      const { drained, machine, handOversMax } = request;
      return `${drained ? "drain" : "undrain"} ${machine}${handOversMax === undefined ? "" : `, ${handOversMax} at a time`}`;
    }
    case "release":
      return `release ${request.machine}`;
    case "forget":
      return `forget ${request.machine}`;
    case "accept":
      return `accept ${request.machine ?? "all"}`;
  }
}

import type { MachineId } from "@fleet/core";
import { isFleetError } from "@fleet/core";
import type {
  Clock,
  DocumentStore,
  Logger,
  MachineSession,
  Random,
  UnitDirectory,
  UnitManager,
  UnitManagerEvent,
} from "@fleet/core/ports";
import { driftOf } from "../plan/drift.js";
import { isRunning } from "../plan/unit-facts.js";
import { Bell } from "./bell.js";
import { BootMarks } from "./boot-marks.js";
import { careForExclusive } from "./care-for-exclusive.js";
import { environmentText } from "./environment-text.js";
import type { ExclusiveCare } from "./exclusive-care.js";
import { JobBound } from "./job-bound.js";
import { MachineMemory } from "./machine-memory.js";
import { OfflineSchedule } from "./offline-schedule.js";
import { Reconciler } from "./reconciler.js";
import { SeatSource } from "./seat-source.js";
import { StartRecords } from "./start-records.js";
import { StatePublisher } from "./state-publisher.js";
import { together } from "./together.js";
import { UnitLoader } from "./unit-loader.js";
import { UnitTexts } from "./unit-texts.js";
import { Watermarks } from "./watermarks.js";

/** What an agent is made of. */
export interface AgentOptions {
  readonly machine: MachineId;
  /** Names the registry as the configuration does. What is on the disk counts for this one alone. Default: empty. */
  readonly registryName?: string;
  /** For units, beside the metadata; empty if none is known. */
  readonly publicIp: string;
  readonly session: MachineSession;
  readonly unitManager: UnitManager;
  readonly unitDirectory: UnitDirectory;
  /** Gone after a boot. */
  readonly runtimeDocuments: DocumentStore;
  /** On the disk. */
  readonly stateDocuments: DocumentStore;
  /** Replaces the file that units read with `EnvironmentFile=`. */
  readonly writeEnvironmentFile: (text: string) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  /** What exclusive units need; without it they are run like any other. */
  readonly exclusive?: ExclusiveCare;
  readonly logger: Logger;
  /** Jobs that systemd is given at a time, not counting those that take longer than 5 s. Default 16. */
  readonly jobsMax?: number;
  /** Pause between two looks at everything, in ms; signals tell of changes long before. Default 60,000. */
  readonly resyncIntervalMs?: number;
  /**
   * How long the registry is waited for after the start before units with `OfflineStart` are started without it, in ms.
   * Default 30,000: an etcd that boots together with its machines has found a leader by then.
   */
  readonly offlineStartAfterMs?: number;
  /**
   * Whether units that somebody else than fleet has stopped are started again. Default false: whoever logs in to a machine
   * and stops something means it.
   */
  readonly reconcilesDrift?: boolean;
}

const jobsMaxDefault = 16;
const resyncIntervalMsDefault = 60_000;
const offlineStartAfterMsDefault = 30_000;

/** A job that takes longer is only tracked. */
const jobLeaveMs = 5_000;

/** After this, whatever could not be read at the start is tried again. */
const prepareRetryMs = 1_000;

/** What the agent is doing, in numbers. */
export interface AgentStatus {
  /** systemd can be reached. */
  readonly isConnected: boolean;
  readonly bootId: string | undefined;
  /** Units with a file of fleet's on this machine. */
  readonly units: number;
  /** Those of them that are neither inactive nor failed. */
  readonly running: number;
  readonly failed: number;
  /** Units whose names belong to the machine. */
  readonly refused: number;
  /** Units that somebody else than fleet has stopped, started or masked. */
  readonly drifted: number;
  /** Units for which something failed that is tried again. */
  readonly failing: number;
  readonly tasksUnderWay: number;
  /** Since the process began. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly taskFailures: number;
  readonly reloads: number;
  readonly stateWrites: number;
}

/** Runs what is seated on this machine. */
export interface Agent {
  /**
   * Works until aborted. Ending stops, starts and writes nothing: units run on, and the next agent takes over.
   * The unit manager and the session are run by the caller.
   */
  run(signal: AbortSignal): Promise<void>;
  /**
   * To be called when fleetd is told to end, while the session is still joined: if systemd itself is stopping, the
   * machine's presence says `leaving`, so that its units are moved at once.
   * @returns whether it does.
   */
  announceLeaving(signal: AbortSignal): Promise<boolean>;
  status(): AgentStatus;
}

/** Makes the agent of this machine. */
export function createAgent(options: AgentOptions): Agent {
  return new MachineAgent(options);
}

class MachineAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #watermarks: Watermarks;
  readonly #records: StartRecords;
  readonly #schedule: OfflineSchedule;
  readonly #seats: SeatSource;
  readonly #memory: MachineMemory;
  readonly #publisher: StatePublisher;
  readonly #loader: UnitLoader;
  readonly #reconciler: Reconciler;
  readonly #stockBell = new Bell();
  readonly #environmentBell = new Bell();
  #bootId: string | undefined;
  #isRecalled = false;
  #environment: string | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { session, unitManager, unitDirectory, clock, logger, machine } = options;
    this.#watermarks = new Watermarks(options.stateDocuments, clock, logger);
    this.#records = new StartRecords(options.runtimeDocuments, logger);
    this.#loader = new UnitLoader(unitManager, unitDirectory, options.exclusive);
    this.#schedule = new OfflineSchedule({
      owner: { machine, registry: options.registryName ?? "" },
      documents: options.stateDocuments,
      directory: unitDirectory,
      clock,
      logger,
    });
    this.#seats = new SeatSource({
      session,
      schedule: this.#schedule,
      clock,
      logger,
      offlineAfterMs: options.offlineStartAfterMs ?? offlineStartAfterMsDefault,
    });
    this.#memory = new MachineMemory({
      machine,
      seats: this.#seats,
      directory: unitDirectory,
      records: this.#records,
      watermarks: this.#watermarks,
      marks: new BootMarks(options.runtimeDocuments, options.stateDocuments),
      exclusive: options.exclusive,
      logger,
    });
    this.#publisher = new StatePublisher({
      session,
      clock,
      logger,
      derive: (unit) => this.#memory.derive(unit, this.#reconciler.isPending(unit)),
    });
    this.#memory.attach(this.#publisher);
    this.#reconciler = new Reconciler({
      machine,
      session,
      units: unitManager,
      memory: this.#memory,
      publisher: this.#publisher,
      watermarks: this.#watermarks,
      seats: this.#seats,
      schedule: this.#schedule,
      reconcilesDrift: options.reconcilesDrift ?? false,
      clock,
      logger,
      context: {
        session,
        units: unitManager,
        directory: unitDirectory,
        loader: this.#loader,
        bound: new JobBound(clock, options.jobsMax ?? jobsMaxDefault, jobLeaveMs),
        records: this.#records,
        watermarks: this.#watermarks,
        schedule: this.#schedule,
        texts: new UnitTexts(session),
        forgetStarts: (unit) => this.#memory.forgetStarts(unit),
        exclusive: options.exclusive,
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { session, unitManager } = this.#options;
    await Promise.all([this.#watermarks.load(), this.#records.load(), this.#schedule.load()]);
    const unsubscribe = [
      unitManager.subscribe((event) => this.#follow(event)),
      session.subscribe((touched) => {
        // What was begun without the registry is planned on when it is known what this machine has said in it.
        if (!this.#isRecalled && session.condition === "joined") this.#reconciler.suspend();
        this.#reconciler.seatsChanged(touched);
        this.#publisher.wake();
        this.#environmentBell.ring();
        if (!this.#isRecalled) this.#stockBell.ring();
      }),
    ];
    this.#stockBell.ring();
    try {
      // Before any unit is started that may want to read it.
      await this.#writeEnvironment();
      await together(
        [
          (until) => this.#reconciler.run(until),
          (until) => this.#publisher.run(until),
          (until) => this.#watermarks.run(until),
          (until) => this.#schedule.run(until),
          (until) => this.#seats.run(() => this.#stockBell.ring(), until),
          (until) => careForExclusive(this.#options.exclusive, this.#memory, this.#reconciler, until),
          (until) => this.#takeStock(until),
          (until) => this.#resync(until),
          (until) => this.#followMetadata(until),
        ],
        signal,
      );
    } finally {
      for (const end of unsubscribe) end();
    }
  }

  async announceLeaving(signal: AbortSignal): Promise<boolean> {
    const { unitManager, session } = this.#options;
    if ((await unitManager.systemState(signal)) !== "stopping") return false;
    await session.setPresence("leaving", "systemd is stopping", signal);
    return true;
  }

  status(): AgentStatus {
    const units = [...this.#memory.units.values()];
    const here = units.filter((unit) => unit.file !== undefined);
    return {
      isConnected: this.#options.unitManager.connected,
      bootId: this.#bootId,
      units: here.length,
      running: here.filter((unit) => isRunning(unit.local)).length,
      failed: here.filter((unit) => unit.local?.activeState === "failed").length,
      refused: units.filter((unit) => unit.refusal !== undefined).length,
      drifted: here.filter((unit) => driftOf(unit) !== undefined).length,
      failing: units.filter((unit) => unit.failure !== undefined).length,
      tasksUnderWay: this.#reconciler.tasksUnderWay,
      tasks: Object.fromEntries(this.#reconciler.counts),
      taskFailures: this.#reconciler.failures,
      reloads: this.#loader.reloads,
      stateWrites: this.#publisher.writes,
    };
  }

  #follow(event: UnitManagerEvent): void {
    if (event.kind === "changed") this.#reconciler.observe(event.units);
    if (event.kind === "job-done") this.#reconciler.jobDone(event.unit, event.invocationId);
    if (event.kind === "resynced") this.#stockBell.ring();
  }

  /** Learns what is here: at the start, after each reconnection, and again if the machine turns out to have booted. */
  async #takeStock(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    let retryMs = Number.POSITIVE_INFINITY;
    while (!signal.aborted) {
      await this.#stockBell.wait(clock, retryMs, signal);
      retryMs = Number.POSITIVE_INFINITY;
      try {
        await this.#takeStockOnce(signal);
      } catch (err) {
        if (signal.aborted || !isFleetError(err)) throw err;
        logger.warn("cannot take stock of the units here; trying again", { err });
        retryMs = prepareRetryMs;
      }
    }
  }

  async #takeStockOnce(signal: AbortSignal): Promise<void> {
    const { unitManager, session } = this.#options;
    if (!unitManager.connected) return;
    const bootId = await unitManager.bootId(signal);
    if (bootId !== this.#bootId) {
      this.#reconciler.suspend();
      this.#memory.forgetSystemd();
      await this.#memory.readFiles(true, signal);
      await this.#memory.enterBoot(bootId);
      this.#bootId = bootId;
      this.#reconciler.observeAll();
    }
    if (!this.#isRecalled && session.condition === "joined") {
      const { registration } = session;
      const states = await session.readOwnStates(signal);
      this.#memory.recall(states);
      this.#publisher.prime(states, registration);
      this.#isRecalled = true;
    }
    if (this.#isRecalled || this.#seats.condition === "offline") this.#reconciler.ready(bootId);
  }

  /** Looks at everything now and then, in case a signal was missed or somebody has been in the directory. */
  async #resync(signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.#options;
    const intervalMs = this.#options.resyncIntervalMs ?? resyncIntervalMsDefault;
    while (!signal.aborted) {
      await clock.sleep(intervalMs * (0.9 + 0.2 * random.fraction()), signal);
      try {
        await this.#memory.readFiles(false, signal);
      } catch (err) {
        if (signal.aborted || !isFleetError(err)) throw err;
        logger.error("cannot list the units directory", { err });
      }
      this.#reconciler.observeAll();
    }
  }

  async #followMetadata(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#environmentBell.wait(this.#options.clock, Number.POSITIVE_INFINITY, signal);
      await this.#writeEnvironment();
    }
  }

  async #writeEnvironment(): Promise<void> {
    const { session, machine, publicIp, logger, writeEnvironmentFile } = this.#options;
    const { text, leftOut } = environmentText({ machineId: machine, publicIp }, session.metadata);
    if (text === this.#environment) return;
    try {
      await writeEnvironmentFile(text);
      this.#environment = text;
      if (leftOut.length > 0) logger.warn("metadata keys without a variable of their own", { keys: leftOut });
    } catch (err) {
      logger.error("cannot write the environment file", { err });
    }
  }
}

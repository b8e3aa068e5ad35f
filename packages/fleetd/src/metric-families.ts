import type { AgentStatus } from "@fleet/agent";
import type { ApiCounters } from "@fleet/api";
import type { ClusterReplica, MachineSession } from "@fleet/core/ports";
import type { EngineCounters } from "@fleet/engine";
import type { OperationCount } from "./counted-store.js";
import type { MetricFamily } from "./metrics-adapter.js";
import type { ProcessFigures } from "./process-figures.js";

/** What the metrics are read from. */
export interface MetricSources {
  readonly version: string;
  readonly api: ApiCounters;
  readonly replica: Pick<ClusterReplica, "condition" | "revision">;
  /** Steps of the replica since the process began, and how many of them were readings of everything. */
  readonly replicaSteps: { readonly steps: number; readonly readings: number };
  readonly storeCounts: Readonly<Record<string, OperationCount>>;
  readonly processFigures: () => ProcessFigures;
  /** Absent until systemd has told which boot this is. */
  readonly member: () =>
    | {
        readonly agent: AgentStatus;
        readonly engine: EngineCounters;
        readonly isCandidate: boolean;
        readonly leadingSinceMs: number;
        readonly session: Pick<MachineSession, "condition" | "registration" | "seats">;
      }
    | undefined;
}

/**
 * All metrics of fleetd. Names that the original had, or documented, mean what they say there; `_sum` and `_count`
 * belong together as in a summary. A value with a label is there after its first event.
 */
export function metricFamilies(sources: MetricSources): readonly MetricFamily[] {
  return [
    ...engineFamilies(sources),
    ...officeFamilies(sources),
    ...registryFamilies(sources),
    ...memberFamilies(sources),
    ...processFamilies(sources),
  ];
}

function engineFamilies({ member }: MetricSources): readonly MetricFamily[] {
  const counters = (): EngineCounters | undefined => member()?.engine;
  const counter = (name: string, help: string, read: (from: EngineCounters) => number): MetricFamily => ({
    name: `fleet_engine_${name}`,
    kind: "counter",
    help,
    read: () => {
      const from = counters();
      return from === undefined ? 0 : read(from);
    },
  });
  return [
    {
      name: "fleet_engine_task_count_total",
      kind: "counter",
      help: "Placements made and taken back, in the original's words.",
      label: "type",
      read: () => {
        const { seat = 0, move = 0, unseat = 0 } = counters()?.tasks ?? {};
        return withoutZeros({ attemptscheduleunit: seat + move, unscheduleunit: unseat });
      },
    },
    {
      name: "fleet_engine_tasks_total",
      kind: "counter",
      help: "Decisions of the engine that were written, by kind.",
      label: "kind",
      read: () => withoutZeros(counters()?.tasks ?? {}),
    },
    {
      name: "fleet_engine_task_failure_count_total",
      kind: "counter",
      help: "Decisions that were not written: overtaken by a change, or without an answer of etcd.",
      label: "type",
      read: () =>
        withoutZeros({ stale: counters()?.staleTasks ?? 0, unknown: counters()?.unknownTasks ?? 0 }),
    },
    counter("reconcile_count_total", "Plans made.", ({ plans }) => plans),
    counter(
      "partial_plan_count_total",
      "Those of the plans that only decided about what an event could affect.",
      ({ partialPlans }) => partialPlans,
    ),
    {
      name: "fleet_engine_reconcile_failure_count_total",
      kind: "counter",
      help: "Rounds of the engine that ended in an error.",
      label: "type",
      read: () => withoutZeros({ run: counters()?.failedRounds ?? 0 }),
    },
    counter(
      "reconcile_duration_second_sum",
      "Seconds spent planning.",
      ({ planDurationMsTotal }) => planDurationMsTotal / 1000,
    ),
    counter("reconcile_duration_second_count", "Plans made.", ({ plans }) => plans),
    counter("terms_total", "Terms of office of this daemon.", ({ terms }) => terms),
  ];
}

function officeFamilies({ member }: MetricSources): readonly MetricFamily[] {
  return [
    {
      name: "fleet_engine_leader_start_time",
      kind: "gauge",
      help: "When this daemon's present term of office began, in seconds since the Unix epoch; 0 while it does not lead.",
      read: () => Math.round(member()?.leadingSinceMs ?? 0) / 1000,
    },
    {
      name: "fleet_engine_candidate",
      kind: "gauge",
      help: "1 while this daemon is one of those that may be elected.",
      read: () => (member()?.isCandidate ? 1 : 0),
    },
    {
      name: "fleet_engine_refused_units",
      kind: "gauge",
      help: "Units without the place they want, as of the newest plan; 0 while this daemon does not lead.",
      read: () => (member()?.leadingSinceMs ? (member()?.engine.refusals ?? 0) : 0),
    },
    {
      name: "fleet_engine_held_machines",
      kind: "gauge",
      help: "Lost machines whose units are not moved yet; 0 while this daemon does not lead.",
      read: () => (member()?.leadingSinceMs ? (member()?.engine.heldMachines ?? 0) : 0),
    },
  ];
}

function registryFamilies({ storeCounts, replica, replicaSteps }: MetricSources): readonly MetricFamily[] {
  const each = (read: (count: OperationCount) => number) => () =>
    withoutZeros(Object.fromEntries(Object.entries(storeCounts).map(([name, count]) => [name, read(count)])));
  const perOperation = (name: string, help: string, read: (count: OperationCount) => number) => ({
    name: `fleet_registry_operation_${name}`,
    kind: "counter" as const,
    help,
    label: "type",
    read: each(read),
  });
  return [
    perOperation("count_total", "Requests to etcd, by kind.", ({ calls }) => calls),
    perOperation("failed_count_total", "Requests to etcd that failed.", ({ failures }) => failures),
    perOperation(
      "duration_second_sum",
      "Seconds that requests to etcd took.",
      ({ durationMs }) => durationMs / 1000,
    ),
    perOperation("duration_second_count", "Requests to etcd, by kind.", ({ calls }) => calls),
    {
      name: "fleet_replica_condition",
      kind: "gauge",
      help: "1 for the condition of this daemon's copy of the cluster.",
      label: "condition",
      read: () => ({ [replica.condition]: 1 }),
    },
    {
      name: "fleet_replica_revision",
      kind: "gauge",
      help: "The revision of that copy.",
      read: () => replica.revision,
    },
    {
      name: "fleet_replica_steps_total",
      kind: "counter",
      help: "Steps of that copy: batches of changes, and readings of everything.",
      read: () => replicaSteps.steps,
    },
    {
      name: "fleet_replica_readings_total",
      kind: "counter",
      help: "How often everything had to be read.",
      read: () => replicaSteps.readings,
    },
  ];
}

function memberFamilies({ api, member }: MetricSources): readonly MetricFamily[] {
  const agent = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (status: AgentStatus) => number,
  ): MetricFamily => ({
    name: `fleet_agent_${name}`,
    kind,
    help,
    read: () => {
      const status = member()?.agent;
      return status === undefined ? 0 : read(status);
    },
  });
  return [
    {
      name: "fleet_session_condition",
      kind: "gauge",
      help: "1 for the condition of this machine's membership.",
      label: "condition",
      read: () => ({ [member()?.session.condition ?? "joining"]: 1 }),
    },
    {
      name: "fleet_session_registrations_total",
      kind: "counter",
      help: "How often this machine registered anew, with a new lease.",
      read: () => member()?.session.registration ?? 0,
    },
    {
      name: "fleet_session_seats",
      kind: "gauge",
      help: "Places that units have on this machine, those to be given up too.",
      read: () => member()?.session.seats.size ?? 0,
    },
    agent("gauge", "systemd_connected", "1 while systemd can be reached.", ({ isConnected }) =>
      isConnected ? 1 : 0,
    ),
    agent("gauge", "units", "Units with a file of fleet's on this machine.", ({ units }) => units),
    agent("gauge", "units_running", "Those of them that are neither inactive nor failed.", (s) => s.running),
    agent("gauge", "units_failed", "Those of them that have failed.", ({ failed }) => failed),
    agent("gauge", "units_drifted", "Units stopped, started or masked, not by fleet.", (s) => s.drifted),
    agent("gauge", "units_refused", "Units whose names belong to the machine.", ({ refused }) => refused),
    agent(
      "gauge",
      "units_failing",
      "Units for which something failed that is tried again.",
      (s) => s.failing,
    ),
    agent(
      "gauge",
      "tasks_under_way",
      "Tasks that are being done or wait for systemd.",
      (s) => s.tasksUnderWay,
    ),
    {
      name: "fleet_agent_tasks_total",
      kind: "counter",
      help: "Tasks done, by kind.",
      label: "kind",
      read: () => withoutZeros(member()?.agent.tasks ?? {}),
    },
    agent("counter", "task_failures_total", "Tasks that failed.", ({ taskFailures }) => taskFailures),
    agent(
      "counter",
      "reloads_total",
      "How often systemd was told to read its files again.",
      (s) => s.reloads,
    ),
    agent("counter", "state_writes_total", "Transactions that published states.", (s) => s.stateWrites),
    {
      name: "fleet_api_answers_total",
      kind: "counter",
      help: "Answers of the API, by the first digit of their status.",
      label: "code",
      read: () => api.answers,
    },
    {
      name: "fleet_api_requests_under_way",
      kind: "gauge",
      help: "Requests that are not answered yet, long polls among them.",
      read: () => api.underWay,
    },
  ];
}

function processFamilies({ processFigures, version }: MetricSources): readonly MetricFamily[] {
  const figure = (
    name: string,
    kind: "counter" | "gauge",
    help: string,
    read: (figures: ProcessFigures) => number,
  ): MetricFamily => ({ name, kind, help, read: () => read(processFigures()) });
  return [
    {
      name: "fleet_build_info",
      kind: "gauge",
      help: "1 for the version of this daemon.",
      label: "version",
      read: () => ({ [version]: 1 }),
    },
    figure("process_cpu_seconds_total", "counter", "CPU time used.", (f) => f.cpuSeconds),
    figure("process_resident_memory_bytes", "gauge", "Memory in use.", (f) => f.residentBytes),
    figure("process_start_time_seconds", "gauge", "Start, since the Unix epoch.", (f) => f.startSeconds),
    figure("process_open_fds", "gauge", "Open file descriptors.", (f) => f.openFiles),
    figure("nodejs_heap_size_used_bytes", "gauge", "JavaScript heap in use.", (f) => f.heapBytes),
  ];
}

/** A counter with labels appears with its first event. */
function withoutZeros(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value > 0));
}

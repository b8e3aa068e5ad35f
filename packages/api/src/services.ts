import type { Clock, ClusterInsight, ClusterReplica, Logger, UnitRegistry } from "@fleet/core/ports";
import type { Answer } from "./answer.js";
import type { ApiCounters } from "./api-counters.js";
import type { ChangeTracker } from "./change-tracker.js";
import type { ReplicaAccess } from "./replica-access.js";
import type { ApiRequest } from "./request.js";
import type { SortedView } from "./sorted-view.js";

/** Whether the daemon can do its work. */
export interface Availability {
  /** Whether requests are answered otherwise than by a 503. */
  readonly available: boolean;
  /** Why it cannot do its work, for people; also of one that answers, but does not believe the registry. */
  readonly problem?: string;
}

/** What the handlers stand on. */
export interface Services {
  readonly access: ReplicaAccess;
  readonly replica: ClusterReplica;
  readonly tracker: ChangeTracker;
  readonly sorted: SortedView;
  readonly units: UnitRegistry;
  readonly insight: ClusterInsight;
  readonly clock: Clock;
  /** For what goes wrong with a part of a request that is answered all the same. */
  readonly logger: Logger;
  /** Entries on a page. */
  readonly tokenLimit: number;
  readonly version: string;
  /** The id of the machine this server runs on; empty if unknown. */
  readonly machineId: string;
  readonly counters: ApiCounters;
  availability(): Availability;
  /** What the daemon says of its other parts, for people who look for a fault. */
  debugState: (() => object) | undefined;
  metrics: (() => Promise<{ readonly contentType: string; readonly body: string }>) | undefined;
}

/**
 * Answers one kind of request.
 * @param signal - Aborted when the client is gone, the time is up or the server stops.
 * @throws {HttpError} or {@link FleetError} for every answer that is an error.
 */
export type Handler = (services: Services, request: ApiRequest, signal: AbortSignal) => Promise<Answer>;

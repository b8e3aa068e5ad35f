import type { EngineStatus, Revision } from "@fleet/core";
import type { Planning } from "./planning.js";

/** What has been decided for a cluster, to be asked about. */
export interface DecidedCluster {
  readonly revision: Revision;
  readonly planning: Planning;
  /** What the leader says of itself; absent while nobody leads. */
  readonly engineStatus: EngineStatus | undefined;
  /** Whether somebody leads. */
  readonly hasLeader: boolean;
}

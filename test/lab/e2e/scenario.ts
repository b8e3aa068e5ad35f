import type { LabPlan } from "../lab-state.js";
import type { Stage } from "./stage.js";

/** Numbers that can be set from the command line: `npm run e2e -- etcd-away minutes=10`. */
export type Parameters = Readonly<Record<string, number>>;

/** Something that happens to a cluster, and what must hold all the while and afterwards. */
export interface Scenario {
  /** Kebab-case; the name of its file. */
  readonly name: string;
  /** One sentence: what is done, and what is to come of it. */
  readonly asks: string;
  /** Of the lab it is played on; default 3 machines, 1 etcd member, fleetd's own TTL. */
  readonly lab?: Partial<LabPlan>;
  readonly parameters?: Parameters;
  /** What is set beside them by `--long`: for those who have the time. */
  readonly longParameters?: Parameters;
  /** A minute or less with a short TTL: `npm test` plays it. */
  readonly isQuick?: boolean;
  /** Plays it. Whatever it throws is a failure; broken promises are found by the stage. */
  readonly play: (stage: Stage, parameters: Parameters) => Promise<void>;
}

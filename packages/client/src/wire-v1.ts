/**
 * The entities of the v1 API, as they stand on the wire: an empty text, list or map is left out, so everything that can
 * be empty is optional here. Keys and words are the original fleet's.
 */

/** One assignment of a unit file; each part is left out when it is empty. */
export interface UnitOptionV1 {
  readonly name?: string;
  readonly section?: string;
  readonly value?: string;
}

/** A unit with what is wanted and what became of it. */
export interface UnitV1 {
  /** `inactive`, `loaded` or `launched`; left out for global units, which have no single state. */
  readonly currentState?: string;
  readonly desiredState?: string;
  /** The machine that the engine chose. Left out for unscheduled and for global units. */
  readonly machineID?: string;
  readonly name?: string;
  readonly options?: readonly UnitOptionV1[];
}

/** What systemd on one machine says of one unit. */
export interface UnitStateV1 {
  readonly hash?: string;
  readonly machineID?: string;
  readonly name?: string;
  readonly systemdActiveState?: string;
  readonly systemdLoadState?: string;
  readonly systemdSubState?: string;
}

/** A machine that is present. */
export interface MachineV1 {
  readonly id?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly primaryIP?: string;
}

/** A page of units, by name. */
export interface UnitPageV1 {
  readonly nextPageToken?: string;
  readonly units?: readonly UnitV1[];
}

/** A page of states, by unit name, then by machine. */
export interface UnitStatePageV1 {
  readonly nextPageToken?: string;
  readonly states?: readonly UnitStateV1[];
}

/** A page of machines, by id. */
export interface MachinePageV1 {
  readonly machines?: readonly MachineV1[];
  readonly nextPageToken?: string;
}

/** One operation of `PATCH machines`; `path` is `/<machine id>/metadata/<key>`. */
export interface MetadataOperationV1 {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: { readonly value: string };
}

/** The body of every error answer. `hint` is ours; in v1 it stands only while etcd is not believed. */
export interface ErrorBody {
  readonly error: { readonly code: number; readonly hint?: string; readonly message: string };
}

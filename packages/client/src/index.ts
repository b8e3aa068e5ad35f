export { ApiError, errorFromAnswer, TransportError, TunnelError } from "./api-error.js";
export type { ClientClock } from "./clock.js";
export { type ConnectOptions, createTransport } from "./connect.js";
export { type Endpoint, parseEndpoint, parseEndpoints } from "./endpoint.js";
export { createFailoverTransport } from "./failover-transport.js";
export { FleetClient, type FleetClientOptions, type StateFilter, unitsPerWrite } from "./fleet-client.js";
export { completeOptions } from "./follow.js";
export { createHttpTransport, type HttpTransportOptions, type TlsOptions } from "./http-transport.js";
export { createInMemoryTransport } from "./in-memory-transport.js";
export { type LinkedController, linkController } from "./linked-controller.js";
export type { PlannerClient } from "./planner-client.js";
export { createTimedTransport } from "./timed-transport.js";
export { createTracedTransport } from "./traced-transport.js";
export type { HttpAnswer, HttpRequest, Transport } from "./transport.js";
export type { UnitsSnapshot } from "./units-snapshot.js";
export type {
  ExplainedPlaceV2,
  ExplanationV2,
  FatalLossV2,
  ForecastV2,
  ForeseenLoadV2,
  ForeseenMoveV2,
  ForeseenRefusalV2,
  FoundFactV2,
  ObjectionV2,
  ProposalV2,
  ProposedMachinesV2,
  ProposedUnitV2,
  SuggestionV2,
  SurvivalQuestionV2,
  SurvivalReportV2,
} from "./wire-insight.js";
export type {
  AcceptV2,
  DrainV2,
  MachinePageV2,
  MachinePutV2,
  MachineV2,
  MachineWriteV2,
  QuarantineV2,
  RollOutV2,
  StuckUnitV2,
} from "./wire-machines.js";
export type {
  ErrorBody,
  MachinePageV1,
  MachineV1,
  MetadataOperationV1,
  UnitOptionV1,
  UnitPageV1,
  UnitStatePageV1,
  UnitStateV1,
  UnitV1,
} from "./wire-v1.js";
export type {
  HoldV2,
  SeatV2,
  StatusV2,
  UnitPutAnswerV2,
  UnitPutV2,
  UnitStateV2,
  UnitStatusV2,
  UnitsWriteAnswerV2,
  UnitsWriteV2,
  UnitV2,
  UnitWriteAnswerV2,
  UnitWriteV2,
  WaitAnswerV2,
  WaitRequestV2,
} from "./wire-v2.js";

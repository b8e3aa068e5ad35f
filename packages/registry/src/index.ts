export { createElection, type ElectionOptions } from "./election.js";
export type { EtcdStoreOptions, EtcdTlsOptions } from "./etcd/etcd-options.js";
export { openEtcdStore } from "./etcd/etcd-store.js";
export { candidateSlots, defaultKeyPrefix, Keys, type ParsedKey } from "./keys.js";
export { createLeaderRegistry } from "./leader-registry.js";
export type {
  MemoryConnection,
  MemoryConnectionOptions,
  StallDirection,
} from "./memory/memory-connection.js";
export { createMemoryStore, MemoryEtcd, type MemorySnapshot } from "./memory/memory-etcd.js";
export type { RegistryOptions } from "./registry-options.js";
export { createReplica, type ReplicaOptions } from "./replica.js";
export { noteDuplicate } from "./session/duplicate-note.js";
export { createMachineSession } from "./session/machine-session.js";
export { defaultTtlSeconds, type MachineSessionOptions } from "./session/session-options.js";
export type {
  Compare,
  KeyRange,
  LeaseId,
  LeaseStatus,
  Operation,
  RangeRequest,
  RangeResult,
  Store,
  StoredValue,
  StoreEvent,
  Transaction,
  TransactionResult,
  WatchBatch,
} from "./store.js";
export { transactionLimit } from "./store.js";
export { Trust } from "./trust.js";
export { createUnitRegistry } from "./unit-registry.js";

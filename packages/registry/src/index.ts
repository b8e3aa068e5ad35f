export type { EtcdStoreOptions, EtcdTlsOptions } from "./etcd/etcd-options.js";
export { openEtcdStore } from "./etcd/etcd-store.js";
export type {
  MemoryConnection,
  MemoryConnectionOptions,
  StallDirection,
} from "./memory/memory-connection.js";
export { createMemoryStore, MemoryEtcd, type MemorySnapshot } from "./memory/memory-etcd.js";
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

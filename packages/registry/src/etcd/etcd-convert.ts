import type { Revision } from "@fleet/core";
import type { ICompare, IKeyValue, IRangeRequest, IRequestOp, IResponseOp } from "etcd3";
import { Range } from "etcd3";
import type { Compare, KeyRange, LeaseId, Operation, RangeRequest, StoredValue } from "../store.js";

const results = { "=": "Equal", "!=": "NotEqual", "<": "Less", ">": "Greater" } as const;
const targets = { create: "Create", mod: "Mod", version: "Version", value: "Value", lease: "Lease" } as const;
const noLease = "0";

/** etcd's revisions fit into a number for longer than any cluster lives. */
export function toRevision(text: string | number): Revision {
  return Number(text);
}

/** A lease as etcd has it, or none. */
export function toLeaseId(text: string): LeaseId | undefined {
  return text === noLease || text === "" ? undefined : text;
}

/** A key as etcd has it. */
export function toStoredValue(kv: IKeyValue): StoredValue {
  return {
    key: kv.key.toString(),
    value: kv.value.toString(),
    createRevision: toRevision(kv.create_revision),
    modRevision: toRevision(kv.mod_revision),
    version: Number(kv.version),
    leaseId: toLeaseId(kv.lease),
  };
}

/** The first key of a range and the key after its last one, as etcd asks for them. */
export function toBounds(range: KeyRange, from?: string): { key: Buffer; range_end?: Buffer } {
  if ("key" in range) return { key: Buffer.from(range.key) };
  const { start, end } = Range.prefix(range.prefix);
  return { key: from === undefined ? start : Buffer.from(from), range_end: end };
}

/** A read as etcd asks for it. */
export function toRangeRequest(request: RangeRequest): IRangeRequest {
  return {
    ...toBounds(request, request.from),
    ...(request.limit === undefined ? {} : { limit: request.limit }),
    ...(request.revision === undefined ? {} : { revision: request.revision }),
    ...(request.keysOnly === undefined ? {} : { keys_only: request.keysOnly }),
    ...(request.modifiedSince === undefined ? {} : { min_mod_revision: request.modifiedSince }),
  };
}

/** A condition as etcd asks for it. */
export function toCompare(compare: Compare): ICompare {
  const common = {
    key: Buffer.from(compare.key),
    result: results[compare.is],
    target: targets[compare.target],
  };
  switch (compare.target) {
    case "create":
      return { ...common, create_revision: compare.operand };
    case "mod":
      return { ...common, mod_revision: compare.operand };
    case "version":
      return { ...common, version: compare.operand };
    case "value":
      return { ...common, value: Buffer.from(compare.operand) };
    case "lease":
      return { ...common, lease: compare.operand ?? noLease };
  }
}

/** A step of a transaction as etcd asks for it. */
export function toRequestOp(operation: Operation): IRequestOp {
  if (operation.kind === "put") {
    const lease = operation.leaseId === undefined ? {} : { lease: operation.leaseId };
    const put = { key: Buffer.from(operation.key), value: Buffer.from(operation.value), ...lease };
    return { request_put: put } as IRequestOp;
  }
  if (operation.kind === "delete") return { request_delete_range: toBounds(operation) } as IRequestOp;
  const limit = operation.limit === undefined ? {} : { limit: operation.limit };
  return { request_range: { ...toBounds(operation), ...limit } } as IRequestOp;
}

/** What a step found. */
export function toFound(response: IResponseOp): readonly StoredValue[] {
  return response.response_range?.kvs.map(toStoredValue) ?? [];
}

import { expect, it } from "vitest";
import { ratesBetween, readCounts } from "./etcd-metrics.js";

const text = (keepAlives: number, puts: number): string => `# HELP grpc_server_msg_received_total Total.
grpc_server_msg_received_total{grpc_method="LeaseKeepAlive",grpc_service="etcdserverpb.Lease",grpc_type="bidi_stream"} ${keepAlives}
grpc_server_msg_received_total{grpc_method="Range",grpc_service="etcdserverpb.KV",grpc_type="unary"} 7
grpc_server_msg_received_total{grpc_method="Status",grpc_service="etcdserverpb.Maintenance",grpc_type="unary"} 3
etcd_debugging_mvcc_delete_total 2
etcd_debugging_mvcc_put_total ${puts}
`;

it("counts what clients ask for, and writes", () => {
  expect(readCounts(text(1.5e3, 10))).toEqual({ requests: { LeaseKeepAlive: 1500, Range: 7 }, writes: 12 });
});

it("gives rates of what came in", () => {
  expect(ratesBetween(readCounts(text(10, 1)), readCounts(text(40, 1)), 10)).toEqual({ LeaseKeepAlive: 3 });
});

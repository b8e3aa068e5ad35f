import { noop } from "cockatiel";
import { Etcd3, type WatchClient } from "etcd3";
import type { CheckedEtcdOptions } from "./etcd-options.js";

/**
 * Makes an etcd3 client for one endpoint, without its own retries: those repeat writes whose answer was lost, and its
 * circuit breaker refuses every call for five seconds after three failures. Each option answers a measured failure
 * (docs/decisions/0010-etcd3-wrapped.md).
 */
export function createEtcdClient(endpoint: string, options: CheckedEtcdOptions): Etcd3 {
  const { tls, credentials, clock, requestTimeoutMs } = options;
  return new Etcd3({
    hosts: endpoint,
    ...(tls === undefined ? {} : { credentials: certificates(tls) }),
    ...(credentials === undefined ? {} : { auth: credentials }),
    faultHandling: { host: () => noop, global: noop },
    grpcOptions: {
      // A watch answer above the default of 4 MB would break the stream and never get through.
      "grpc.max_receive_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1_000,
      // Clients of one process would share a connection, and so an attempt to connect that hangs.
      "grpc.use_local_subchannel_pool": 1,
      // etcd cuts off clients that ask more often than every 5 s.
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 3_000,
    },
    // A function, because a deadline is a moment; without one a call to a stalled server waits for ever.
    defaultCallOptions: (call) => (call.isStream ? {} : { deadline: clock.now() + requestTimeoutMs }),
  });
}

function certificates(tls: NonNullable<CheckedEtcdOptions["tls"]>) {
  return {
    // etcd3's type demands an authority, but hands an absent one on as "those that Node trusts".
    rootCertificate: (tls.ca === undefined ? undefined : Buffer.from(tls.ca)) as Buffer,
    ...(tls.key === undefined ? {} : { privateKey: Buffer.from(tls.key) }),
    ...(tls.cert === undefined ? {} : { certChain: Buffer.from(tls.cert) }),
  };
}

type StreamOptions = NonNullable<Parameters<WatchClient["watch"]>[0]>;
type Interceptor = NonNullable<StreamOptions["interceptors"]>[number];

/** Adds to a call what makes etcd end the stream when its member has lost the leader. */
const requireLeader: Interceptor = (options, nextCall) => {
  const call = nextCall(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set("hasleader", "true");
    start(metadata, listener);
  };
  return call as ReturnType<Interceptor>;
};

/** For streams that must not wait in silence on a member that is cut off from the others. */
export const leaderRequired: StreamOptions = { interceptors: [requireLeader] };

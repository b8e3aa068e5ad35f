import type { Agent, ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";

type OnCreate = (error: Error | null, connection?: Duplex) => void;

/** What node's types leave out of an agent, and its documentation invites to override. */
interface ConnectingAgent {
  createConnection(options: ClientRequestArgs & { socket?: Duplex }, onCreate: OnCreate): Duplex | undefined;
}

/**
 * Makes an agent run its connections over streams that `dial` opens. An agent that speaks TLS speaks it inside them.
 * @returns the agent.
 */
export function dialWith<T extends Agent & { readonly options?: unknown }>(
  agent: T,
  dial: () => Promise<Duplex>,
): T {
  const connecting = agent as unknown as ConnectingAgent;
  const speaksTls = (agent as unknown as { readonly protocol: string }).protocol === "https:";
  const original = connecting.createConnection;
  connecting.createConnection = (options, onCreate) => {
    dial().then(
      (stream) => {
        const socket = likeSocket(stream);
        onCreate(null, speaksTls ? original.call(agent, { ...options, socket }, onCreate) : socket);
      },
      (error: Error) => onCreate(error),
    );
    return undefined;
  };
  return agent;
}

/** Agents ask of connections what streams do not have. Nothing of it matters to one that is closed with its client. */
function likeSocket(stream: Duplex): Duplex {
  const same = (): Duplex => stream;
  return Object.assign(stream, {
    ref: same,
    unref: same,
    setKeepAlive: same,
    setNoDelay: same,
    setTimeout: same,
  });
}

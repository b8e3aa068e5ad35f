import type { Agent, ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import { DialledStream } from "./dialled-stream.js";

/** What node's types leave out of an agent, and its documentation invites to override. */
interface ConnectingAgent {
  readonly protocol: string;
  createConnection(options: ClientRequestArgs & { readonly socket?: Duplex }): Duplex;
}

/**
 * Makes an agent run its connections over streams that `dial` opens. An agent that speaks TLS speaks it inside them. Each
 * connection is there at once, because agents do not count those that are still to come.
 * @returns the agent.
 */
export function dialWith<T extends Agent>(agent: T, dial: () => Promise<Duplex>): T {
  const connecting = agent as unknown as ConnectingAgent;
  const original = connecting.createConnection;
  connecting.createConnection = (options) => {
    const socket = new DialledStream(dial);
    return connecting.protocol === "https:" ? original.call(agent, { ...options, socket }) : socket;
  };
  return agent;
}

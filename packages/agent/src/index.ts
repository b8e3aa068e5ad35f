export { type Agent, type AgentOptions, type AgentStatus, createAgent } from "./run/agent.js";
export type { ExclusiveAgent, ExclusiveCare } from "./run/exclusive-care.js";

export { type Agent, type AgentOptions, type AgentStatus, createAgent } from "./run/agent.js";

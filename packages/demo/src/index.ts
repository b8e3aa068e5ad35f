export { type BenchCommand, type Benchmark, runBench } from "./bench/bench.js";
export type { BenchContext } from "./bench/bench-context.js";
export { type AgentsOptions, runAgents } from "./bench/schedule/agents.js";
export { type DemoContext, type DemoRequest, runDemo } from "./demo.js";
export { FleetCluster, type FleetClusterOptions } from "./fleet-cluster.js";
export { type FleetMachine, fleetDaemon, fleetMachine } from "./fleet-machine.js";
export { type LossOptions, type LossReport, loseMachine } from "./power.js";
export { type ProgramOptions, type ProgramResult, runProgram } from "./run-program.js";

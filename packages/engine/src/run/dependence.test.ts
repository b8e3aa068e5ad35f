import { parseMachineId } from "@fleet/core";
import { expect, it } from "vitest";
import { ClusterSketch, serviceName } from "../../../../test/support/cluster-sketch.js";
import { plan } from "../plan/plan.js";
import type { EngineTask, UnseatTask } from "../plan/task.js";
import { Dependence } from "./dependence.js";

/** The tasks of a plan, by unit. */
function tasksOf(machines: string, units: string, released: readonly string[] = []) {
  const cluster = new ClusterSketch().addMachines(machines).addUnits(units);
  const { tasks } = plan(cluster.view, { releasedMachines: new Set(released.map(parseMachineId)) });
  return (name: string): EngineTask => tasks.find(({ unit }) => unit === serviceName(name))!;
}

const arrival = tasksOf("m1", "new")("new");
const departure = tasksOf("m1 m2", "old/inactive>m1")("old");
const move = tasksOf("m1 m2{z=1}", "mover>m1{MachineMetadata=z=1}")("mover");
const flight = tasksOf("m1 m9!", "refugee>m9", ["m9"])("refugee");
const follower = tasksOf("m1", "head>m1; tail{MachineOf=head.service}")("tail");
const eviction = { ...tasksOf("m1", "misfit>m1{MachineMetadata=z=9}")("misfit") } as UnseatTask;
const elsewhere = tasksOf("m3", "elsewhere")("elsewhere");
const head = { ...elsewhere, unit: serviceName("head") } as EngineTask;

const cases: readonly (readonly [string, underWay: EngineTask, task: EngineTask, waits: boolean])[] = [
  ["a unit waits for a write about itself", arrival, { ...departure, unit: arrival.unit }, true],
  ["an arrival waits for a departure from its machine", departure, arrival, true],
  [
    "an arrival does not wait for another arrival",
    { ...arrival, unit: serviceName("other") },
    arrival,
    false,
  ],
  ["an arrival does not wait for what happens elsewhere", elsewhere, arrival, false],
  ["a follower waits for its peer", head, follower, true],
  ["a move waits for an arrival that it may make way for", arrival, move, true],
  ["a move away from a lost machine does not wait for arrivals", elsewhere, flight, false],
  ["a wanted stop waits for nobody", arrival, departure, false],
  ["an eviction waits for an arrival that may be its reason", arrival, eviction, true],
  ["an eviction does not wait for what happens elsewhere", elsewhere, eviction, false],
];

it.each(cases)("%s", (_name, underWay, task, waits) => {
  const dependence = new Dependence(() => []);
  dependence.count(underWay, 1);
  expect(dependence.waiting([task]).size).toBe(waits ? 1 : 0);
  dependence.count(underWay, -1);
  expect(dependence.waiting([task]).size).toBe(0);
});

it("an eviction waits for a peer, and takes its component with it", () => {
  const dependence = new Dependence((unit) => (unit === eviction.unit ? [head.unit] : []));
  dependence.count(head, 1);
  const tied = { ...elsewhere, unit: serviceName("tied"), component: eviction.component } as EngineTask;
  expect([...dependence.waiting([tied, eviction])]).toEqual([eviction.component]);
});

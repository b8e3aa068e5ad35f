import { expect, it } from "vitest";
import { machineCapacity } from "./capacity.js";

const size = { cores: () => 4, memoryBytes: () => 8192 };

it.each([
  ["what is measured", {}, { cpu: 4000, memory: 8192 }],
  ["what is configured goes before", { memory: 1024 }, { cpu: 4000, memory: 1024 }],
  ["nothing is a figure, too", { cpu: 0, gpu: 2 }, { cpu: 0, memory: 8192, gpu: 2 }],
])("%s", (_case, configured, capacity) => {
  expect(machineCapacity(configured, size)).toEqual(capacity);
});

it("leaves out what the kernel does not tell", () => {
  expect(machineCapacity({}, { ...size, cores: () => 0 })).toEqual({ memory: 8192 });
});

it("measures this machine", () => {
  const { cpu, memory } = machineCapacity({});
  expect(cpu).toBeGreaterThanOrEqual(1000);
  expect(memory).toBeGreaterThan(2 ** 20);
});

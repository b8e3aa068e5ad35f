import { expect, test } from "vitest";
import { parseUnitFile } from "./unit-file.js";
import { unitLimits } from "./unit-limits.js";

test.each([
  ["[Service]\nMemoryMax=1G\nCPUQuota=150%", { memory: 1024 ** 3, cpu: 1500 }],
  ["[Service]\nCPUQuota=20%\nCPUQuota=12.5%", { cpu: 125 }],
  ["[Socket]\nMemoryMax=1M", { memory: 1024 ** 2 }],
  ["[Service]\nMemoryMax=1G\nMemoryMax=infinity", {}],
  ["[Service]\nMemoryMax=1G\nMemoryMax=", {}],
  ["[Service]\nMemoryMax=10%", {}],
  ["[Service]\nMemoryHigh=1G\nMemoryLimit=1G", {}],
  ["[Unit]\nMemoryMax=1G\n[X-Fleet]\nCPUQuota=10%", {}],
])("%j", (text, limits) => {
  expect(Object.fromEntries(unitLimits(parseUnitFile(`${text}\n`)))).toEqual(limits);
});

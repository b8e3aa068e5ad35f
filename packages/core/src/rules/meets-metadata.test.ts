import { describe, expect, test } from "vitest";
import { parseMetadata } from "../machine/metadata.js";
import { parseMetadataExpression } from "../unit/metadata-expression.js";
import { ruleOfExpression } from "../unit/metadata-rule.js";
import { parseRequirements } from "../unit/requirements.js";
import { parseUnitFile } from "../unit/unit-file.js";
import { meetsMetadata, meetsMetadataRule } from "./meets-metadata.js";

/** What is demanded, of which machine, and whether it has it. */
const vectors: readonly (readonly [demand: string, metadata: string, met: boolean])[] = [
  ["zone=eu", "zone=eu", true],
  ["zone!=eu", "zone=us", true],
  ["zone!=eu", "zone=eu", false],
  ["zone!=eu", "", true],
  ["zone!=eu", "zone=", true],
  ["gpu", "gpu=2", true],
  ["gpu", "gpu=", true],
  ["gpu", "cpu=2", false],
  ["!gpu", "cpu=2", true],
  ["!gpu", "gpu=0", false],
  ["constructor", "", false],
  ["!constructor", "", true],
  ["cores>4", "cores=8", true],
  ["cores>4", "cores=4", false],
  ["cores>=4", "cores=4", true],
  ["cores<4", "cores=3", true],
  ["cores<4", "cores=4", false],
  ["cores<=4", "cores=4", true],
  ["cores<4", "", false],
  ["cores<4", "cores=few", false],
  ["cores>=4", "cores=many", false],
  ["kernel>=5.10", "kernel=5.9.2", false],
  ["kernel>=5.10", "kernel=6.1.0-18-amd64", true],
  ["zone~=eu-*", "zone=eu-west", true],
  ["zone~=eu-*", "zone=us-west", false],
  ["zone~=eu-*", "", false],
  ["zone~=*", "zone=", true],
  ["zone~=eu-[12]", "zone=eu-2", true],
];

describe("one demand", () => {
  test.each(vectors)("%s of {%s}: %s", (demand, metadata, met) => {
    const requirements = parseRequirements(parseUnitFile(`[X-Fleet]\nMachineMetadata=${demand}\n`));
    expect(meetsMetadata(requirements, parseMetadata(metadata))).toBe(met);
  });

  test.each(vectors)("asked alone, %s of {%s}: %s", (demand, metadata, met) => {
    const rule = ruleOfExpression(parseMetadataExpression(demand)!);
    expect(meetsMetadataRule(rule, parseMetadata(metadata))).toBe(met);
  });
});

describe("several demands", () => {
  test.each([
    ['"kernel>=5" "kernel<6"', "kernel=5.4", true],
    ['"kernel>=5" "kernel<6"', "kernel=6.0", false],
    ['"zone!=a" "zone!=b"', "zone=b", false],
    ['"zone!=a" "zone!=b"', "zone=c", true],
    ['"zone=a" "zone~=b*"', "zone=b1", true],
    ['"zone=a" "zone~=b*"', "zone=a", true],
    ['"zone=a" "zone~=b*"', "zone=c", false],
    ['"zone=a*" "zone~=b"', "zone=ab", false],
    ['"zone=a" "zone=b" "zone!=b"', "zone=b", false],
    ['"zone=a" "disk=ssd" "!old"', "zone=a,disk=ssd,old=1", false],
    ['"zone=a" "disk=ssd" "!old"', "zone=a,disk=ssd", true],
  ])("%s of {%s}: %s", (demand, metadata, met) => {
    const requirements = parseRequirements(parseUnitFile(`[X-Fleet]\nMachineMetadata=${demand}\n`));
    expect(meetsMetadata(requirements, parseMetadata(metadata))).toBe(met);
  });
});

import { expect, test } from "vitest";
import { environmentText } from "./environment-text.js";

const facts = { machineId: "m1", publicIp: "192.0.2.1" };

test("names the machine, its address and its metadata", () => {
  expect(environmentText(facts, { region: "eu", "disk-type": "ssd" }).text).toBe(
    [
      'FLEET_MACHINE_ID="m1"',
      'FLEET_PUBLIC_IP="192.0.2.1"',
      'FLEET_METADATA_DISK_TYPE="ssd"',
      'FLEET_METADATA_REGION="eu"',
      "",
    ].join("\n"),
  );
});

test("an address that is not known is an empty value", () => {
  expect(environmentText({ machineId: "m1", publicIp: "" }, {}).text).toBe(
    'FLEET_MACHINE_ID="m1"\nFLEET_PUBLIC_IP=""\n',
  );
});

test.each([
  ["the key that needs no change", { "a-b": "1", a_b: "2" }, "2", ["a-b"]],
  ["the first of two that do", { "a.b": "1", "a-b": "2" }, "2", ["a.b"]],
  ["the upper case of two that do not", { a_b: "1", A_B: "2" }, "2", ["a_b"]],
])("of two keys for one variable wins %s", (_, metadata, value, leftOut) => {
  const result = environmentText(facts, metadata);
  expect(result.text).toContain(`FLEET_METADATA_A_B="${value}"\n`);
  expect(result.leftOut).toEqual(leftOut);
});

test("quotes what systemd would read otherwise", () => {
  expect(environmentText(facts, { k: 'a"b\\c$d`e f#g\nh' }).text).toContain(
    'FLEET_METADATA_K="a\\"b\\\\c\\$d\\`e f#g\nh"\n',
  );
});

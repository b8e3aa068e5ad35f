import { expect, test } from "vitest";
import { splitQuotedList } from "./quoted-list.js";

test.each([
  ["", [""]],
  ["a b", ["a b"]],
  ['"a" "b"', ["a", "b"]],
  ['"a"  "b"', ["a", "", "b"]],
  ['"a"\t"b"', ["a\tb"]],
  ['"a""b"', ["ab"]],
  ['"a" b', ['"a" b']],
  ['a "b"', ['a "b"']],
  ["'a' 'b'", ["'a' 'b'"]],
  ['"a b" "c"', ["a b", "c"]],
  ['"a\\"b"', ["a\\b"]],
  ['"', [""]],
  ['""', [""]],
  ['"" ""', ["", ""]],
  ['"a" b "c"', ["a", "b", "c"]],
])("%j is %j", (value, list) => {
  expect(splitQuotedList(value)).toEqual(list);
});

import { execFileSync } from "node:child_process";
import { FleetError } from "@fleet/core";

const lookUpMsMax = 5_000;

/**
 * Finds the id of a group of this system, wherever its groups are kept.
 * @param group - A name or a number; empty: none is wanted.
 * @returns an object to spread: empty if none is wanted.
 * @throws {FleetError} `not-found`.
 */
export function groupId(group: string): { readonly groupId?: number } {
  if (group === "") return {};
  if (/^\d+$/.test(group)) return { groupId: Number(group) };
  let line: string;
  try {
    line = execFileSync("getent", ["group", group], {
      encoding: "utf8",
      timeout: lookUpMsMax,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (cause) {
    throw new FleetError("not-found", `there is no group "${group}"`, { cause, hint: "see socket_group" });
  }
  const id = Number(line.split(":")[2]);
  if (!Number.isInteger(id)) throw new FleetError("not-found", `there is no group "${group}"`);
  return { groupId: id };
}

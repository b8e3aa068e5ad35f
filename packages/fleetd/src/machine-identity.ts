import { readFileSync } from "node:fs";
import { type MachineId, parseMachineId } from "@fleet/core";
import { exitCode, FatalError } from "./exit-code.js";
import type { Options } from "./options.js";

/**
 * Decides who this machine is: the option, else the content of /etc/machine-id. It is read once; a machine does not
 * change its identity while fleetd runs.
 * @throws {FatalError} `configuration` if there is no usable id.
 */
export function machineIdentity(
  options: Pick<Options, "machine_id">,
  readFile: (path: string) => string = (path) => readFileSync(path, "utf8"),
): MachineId {
  const path = "/etc/machine-id";
  let text = options.machine_id;
  try {
    if (text === "") text = readFile(path).trim();
    return parseMachineId(text);
  } catch (error) {
    throw new FatalError(
      exitCode.configuration,
      `cannot tell which machine this is: ${path} holds no usable id; run systemd-machine-id-setup or set machine_id`,
      { cause: error },
    );
  }
}

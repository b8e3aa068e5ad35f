import type { CommandContext } from "../command.js";

/** Reads the id of the machine that we are on. @returns `undefined` if it has none. */
export async function localMachineId({
  readFile,
}: Pick<CommandContext, "readFile">): Promise<string | undefined> {
  try {
    const id = new TextDecoder().decode(await readFile("/etc/machine-id")).trim();
    return id === "" ? undefined : id;
  } catch {
    return undefined;
  }
}

/** Whether an address is one that a machine has for itself alone. */
export function isLoopback(address: string): boolean {
  return /^(127\.|::1$|::ffff:127\.)/.test(address);
}

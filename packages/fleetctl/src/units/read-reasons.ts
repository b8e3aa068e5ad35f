import type { FleetClient } from "@fleet/client";

/**
 * Why units are not where they should be, in the leader's words, by name. Units of which it has said nothing are not in it,
 * and nothing is known from a server without the v2 API.
 */
export async function readReasons(
  client: FleetClient,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  // Without v2 each unit would be asked for by itself, and nobody would say why.
  if (names.length === 0 || (await client.status(signal)) === "unsupported") return new Map();
  const { units } = await client.look(names, signal);
  return new Map(
    [...units.values()].flatMap(({ name, problem = "" }): [string, string][] =>
      problem === "" ? [] : [[name, problem]],
    ),
  );
}

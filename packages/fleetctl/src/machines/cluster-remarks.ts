import type { StatusV2 } from "@fleet/client";

/** How many unreadable records are named. */
const namedMax = 3;

/** What people should know of the whole cluster, a line each; none if all is as usual. */
export function clusterRemarks({ paced = 0, quarantine, rollOuts = [] }: StatusV2): readonly string[] {
  const lines: string[] = [];
  if (paced > 0)
    lines.push(
      `${paced} ${paced === 1 ? "unit waits" : "units wait"} so that no machine gets too many at once`,
    );
  for (const { left, name } of rollOuts) lines.push(`Unit ${name} is still to be given ${left} places`);
  if (quarantine !== undefined) {
    const { count, records = [] } = quarantine;
    const named = records.slice(0, namedMax).map(({ key, problem }) => `${key} (${problem})`);
    const more = count > named.length ? `, and ${count - named.length} more` : "";
    const what =
      count === 1
        ? "1 record in etcd cannot be read and is"
        : `${count} records in etcd cannot be read and are`;
    lines.push(`${what} left as ${count === 1 ? "it is" : "they are"}: ${named.join(", ")}${more}`);
  }
  return lines;
}

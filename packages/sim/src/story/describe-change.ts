import type { StoreEvent } from "@fleet/registry";
import type { EtcdChange } from "../etcd/etcd-server.js";
import { partsOf } from "../truth/records.js";

/** Says what a revision of etcd has changed, briefly: `@41 schedule m2 a.service absent`. */
export function describeChange({ revision, events }: EtcdChange): string {
  return `@${revision} ${events.map(describeEvent).join("; ")}`;
}

function describeEvent(event: StoreEvent): string {
  if (event.kind === "delete") return `delete ${shortKey(event.key)}`;
  return `${shortKey(event.item.key)} ${brief(event.item.key, event.item.value)}`;
}

/** Machine ids without the zeros that fill them up, digests without their ends. */
function shortKey(key: string): string {
  return partsOf(key)
    .map((part) => (/^[0-9a-f]{64}$/.test(part) ? part.slice(0, 8) : part.replace(/0{20,}$/, "")))
    .join(" ");
}

function brief(key: string, value: string): string {
  const [area] = partsOf(key);
  if (area === "unit-files" || area === "machine-metadata")
    return area === "unit-files" ? "" : JSON.stringify(value);
  const words = [
    ...value.matchAll(
      /"(target|desiredState|condition|activeState|state|machine|acked|startCount)":("?)([^",}]*)\2/g,
    ),
  ];
  if (words.length === 0) return value.slice(0, 40);
  return words.map(([, name, , word]) => `${name}=${word?.replace(/0{20,}$/, "")}`).join(" ");
}

// The lab's network: a bridge in the lab's own network namespace, with no way out, and one leg for each part.
import { killGroup, removeGroup } from "@fleet/lab";
import type { Holder } from "./holder.js";

const prefix = "10.23.0";

/** The bridge; its name is seen in the lab's network namespace only. */
export const bridgeName = "lab0";
/**
 * The lab's own end keeps this. A bridge without one takes that of a leg, and another when that leg is pulled out: for
 * seconds everybody would send to the old one.
 */
export const bridgeHardwareAddress = "02:66:6c:00:00:01";
/** The lab's own end, from which fleetctl and tests reach everything. */
export const bridgeAddress = `${prefix}.1/24`;

/** The host part of an address: machine m1 has 11, etcd member e1 has 201. */
export function addressOf(part: string): string {
  const number = Number(part.slice(1));
  return `${prefix}.${part.startsWith("e") ? 200 + number : 10 + number}`;
}

function hardwareAddress(part: string): string {
  const last = addressOf(part).split(".").at(-1);
  return `02:66:6c:00:00:${Number(last).toString(16).padStart(2, "0")}`;
}

// Nobody has this address: what is sent there goes on the wire and is lost, as in a network that swallows packets.
const nobody = "02:66:6c:ff:ff:ff";

/** Plugs a part into the network: a namespace of its own with one leg to the bridge. Does nothing if it is plugged in. */
export async function plugIn(holder: Holder, part: string): Promise<void> {
  // The hardware address stays the same, or others would send to the old one until they ask again.
  await holder.run(
    `[ ! -e "/run/netns/$1" ] || exit 0
    ip netns add "$1"
    ip link add "v-$1" type veth peer name host0 address "$3" netns "$1"
    ip link set "v-$1" master ${bridgeName} up
    ip -n "$1" link set lo up
    ip -n "$1" addr add "$2/24" dev host0
    ip -n "$1" link set host0 up`,
    part,
    addressOf(part),
    hardwareAddress(part),
  );
}

/** Takes a part's leg away with all its connections, as a power cut does: nobody is told. */
export async function unplug(holder: Holder, part: string): Promise<void> {
  await holder.run(
    `[ -e "/run/netns/$1" ] || exit 0
    ip link set "v-$1" down
    ip link del "v-$1"
    ip netns del "$1"`,
    part,
  );
  await mendLink(holder, part);
}

/** The cgroup of what makes a part's link slow (faults/link.ts). */
export function linkGroup(part: string): string {
  return `link-${part}`;
}

/** Makes a part's link quick and faithful again. Does nothing if it is. */
export async function mendLink(holder: Holder, part: string): Promise<void> {
  await holder.run(
    `ip link show "b-$1" >/dev/null 2>&1 || exit 0
    ! ip link show "v-$1" >/dev/null 2>&1 || ip link set "v-$1" master ${bridgeName}
    ip link del "b-$1"`,
    part,
  );
  await killGroup(holder.group(linkGroup(part)));
  await removeGroup(holder.group(linkGroup(part)));
}

/** Silences a part's leg, both ways, at once: before its processes are killed, or their connections would be closed. */
export async function silence(holder: Holder, part: string): Promise<void> {
  await holder.run('[ ! -e "/run/netns/$1" ] || ip link set "v-$1" down', part);
}

/**
 * Cuts a part off: its link stays up, and whatever it sends and is sent is lost, as behind a broken switch.
 * @param others - Cut it off from these parts only, instead of from everything.
 */
export async function cut(holder: Holder, part: string, others: readonly string[] = []): Promise<void> {
  if (others.length === 0) return void (await holder.run('bridge link set dev "v-$1" state 0', part));
  for (const other of others) {
    await cutOneWay(holder, part, other);
    await cutOneWay(holder, other, part);
  }
}

/** Loses what `from` sends to `to`; the other direction works. */
export async function cutOneWay(holder: Holder, from: string, to: string): Promise<void> {
  await holder.run(
    'ip -n "$1" neigh replace "$2" lladdr "$3" dev host0 nud permanent',
    from,
    addressOf(to),
    nobody,
  );
}

/** Takes back every cut of a part, those of one direction too. */
export async function heal(holder: Holder, part: string): Promise<void> {
  await holder.run(
    `bridge link set dev "v-$1" state 3
    for space in /run/netns/*; do
      name=\${space##*/}
      if [ "$name" = "$1" ]; then pick=; else pick="to $2"; fi
      ip -n "$name" neigh show $pick nud permanent dev host0 | while read -r address rest; do
        case $rest in *"$3"*) ip -n "$name" neigh del "$address" dev host0;; esac
      done
    done`,
    part,
    addressOf(part),
    nobody,
  );
}

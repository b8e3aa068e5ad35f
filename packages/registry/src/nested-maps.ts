/** Sets an entry, or deletes it if there is no value. */
export function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** Sets an entry of an inner map, or deletes it if there is no value; no inner map stays empty. */
export function setNested<K, L, V>(maps: Map<K, Map<L, V>>, outer: K, inner: L, value: V | undefined): void {
  let map = maps.get(outer);
  if (map === undefined) {
    if (value === undefined) return;
    map = new Map();
    maps.set(outer, map);
  }
  setOrDelete(map, inner, value);
  if (map.size === 0) maps.delete(outer);
}

/** Puts a member into the set of a key, or takes it out; no set stays empty. */
export function setMember<K, V>(sets: Map<K, Set<V>>, key: K, value: V, isMember: boolean): void {
  const members = sets.get(key) ?? new Set();
  if (isMember) members.add(value);
  else members.delete(value);
  if (members.size > 0) sets.set(key, members);
  else sets.delete(key);
}

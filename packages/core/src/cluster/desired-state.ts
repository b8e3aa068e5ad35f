/** What a user can want of a unit. The words are the original fleet's, on the wire and in etcd. */
export const desiredStates = ["inactive", "loaded", "launched"] as const;

/**
 * `inactive`: known, on no machine. `loaded`: on a machine, known to systemd, not started.
 * `launched`: loaded, and started once for each change of mind.
 */
export type DesiredState = (typeof desiredStates)[number];

/** Says whether `text` is one of the three words, spelled exactly. */
export function isDesiredState(text: unknown): text is DesiredState {
  return desiredStates.some((state) => state === text);
}

import type { MachineSession } from "@fleet/core/ports";

type Observed = Pick<MachineSession, "condition" | "subscribe">;

/** A member that lost etcd for the moment is one still; whoever is frozen or displaced, or never joined, is none. */
function isMember({ condition }: Observed): boolean {
  return condition === "joined" || condition === "disconnected";
}

/** Resolves when the session is, or is not, a member's; or when any signal is aborted. Leaves nothing behind on them. */
function untilMember(session: Observed, wanted: boolean, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    let unsubscribe = () => {};
    const look = () => {
      if (isMember(session) !== wanted && !signals.some(({ aborted }) => aborted)) return;
      unsubscribe();
      for (const signal of signals) signal.removeEventListener("abort", look);
      resolve();
    };
    unsubscribe = session.subscribe(look);
    for (const signal of signals) signal.addEventListener("abort", look);
    look();
  });
}

/**
 * Runs `activity` while this machine is a member of the cluster, anew each time it becomes one: who is not registered, or
 * does not believe the registry, must not lead.
 * @throws what `activity` throws.
 */
export async function whileMember(
  session: Observed,
  activity: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await untilMember(session, true, signal);
    if (signal.aborted) return;
    const membership = new AbortController();
    const over = untilMember(session, false, signal, membership.signal).then(() =>
      membership.abort(signal.reason),
    );
    try {
      await activity(membership.signal);
    } catch (error) {
      if (!membership.signal.aborted) throw error;
    } finally {
      membership.abort();
      await over;
    }
  }
}

/**
 * Runs background activities as one: when the first of them fails, the others are told to stop and awaited, and its
 * error is the group's. When the outer signal aborts, all are told to stop and awaited.
 * @throws the first failure that is not the abort itself.
 */
export async function runGroup(
  activities: readonly ((signal: AbortSignal) => Promise<void>)[],
  outer: AbortSignal,
): Promise<void> {
  const inner = new AbortController();
  const stop = () => inner.abort(outer.reason);
  if (outer.aborted) stop();
  else outer.addEventListener("abort", stop, { once: true });
  let failure: { readonly error: unknown } | undefined;
  const guarded = activities.map(async (activity) => {
    try {
      await activity(inner.signal);
    } catch (error) {
      if (inner.signal.aborted) return;
      failure = { error };
      inner.abort(error);
    }
  });
  await Promise.all(guarded);
  outer.removeEventListener("abort", stop);
  if (failure !== undefined) throw failure.error;
}

/**
 * Runs activities side by side until `signal` is aborted or one of them fails, which stops the others.
 * @throws the first failure; nothing if the signal was aborted.
 */
export async function together(
  activities: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const lifetime = AbortSignal.any([signal, over.signal]);
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(
    activities.map(async (activity) => {
      try {
        await activity(lifetime);
      } catch (error) {
        if (!lifetime.aborted) failure ??= { error };
        over.abort();
      }
    }),
  );
  if (failure !== undefined && !signal.aborted) throw failure.error;
}

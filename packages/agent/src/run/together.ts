import { openScope } from "./scope.js";

/**
 * Runs activities side by side until `signal` is aborted or one of them fails, which stops the others.
 * @throws the first failure; nothing if the signal was aborted.
 */
export async function together(
  activities: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const group = openScope(signal);
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(
    activities.map(async (activity) => {
      const own = openScope(group.signal);
      try {
        await activity(own.signal);
      } catch (error) {
        if (!group.signal.aborted) failure ??= { error };
        group.end();
      }
    }),
  );
  group.end();
  if (failure !== undefined && !signal.aborted) throw failure.error;
}

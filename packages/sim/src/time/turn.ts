/**
 * Calls back when everything that could run has run. Nothing in the simulation waits for the outside, so all that can be
 * pending between two of its events are promises; and the event loop comes to its next turn only when no reaction to a
 * promise is left, however long the chain.
 */
export function nextTurn(callback: () => void): void {
  setImmediate(callback);
}

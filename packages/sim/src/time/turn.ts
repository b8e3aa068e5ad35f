/** So many callbacks wait for the same turn of the event loop: a turn costs more than most events of a world. */
const together = 64;

/**
 * Calls back again and again, each time when everything that could run has run, until it returns `false`. Nothing in the
 * simulation waits for the outside, so all that can be pending between two of its events are promises; and the next
 * immediate comes only when no reaction to a promise is left, however long the chain, also within one turn of the event loop.
 * @param callback - Must not throw.
 */
export function turnByTurn(callback: () => boolean): void {
  let goesOn = true;
  const call = (): void => {
    if (goesOn) goesOn = callback();
  };
  const last = (): void => {
    call();
    if (goesOn) begin();
  };
  const begin = (): void => {
    for (let count = 1; count < together; count += 1) setImmediate(call);
    setImmediate(last);
  };
  begin();
}

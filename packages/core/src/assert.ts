/** A bug: a condition that the program itself guarantees does not hold. Nothing catches it but the process's end. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AssertionError";
  }
}

/**
 * States what must hold if the program is right. For input from outside use `FleetError`.
 * @throws {AssertionError} if `condition` is false.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(`assertion failed: ${message}`);
}

/**
 * Closes a `switch` over a union: a case that is missing does not compile.
 * @throws {AssertionError} always.
 */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected value: ${JSON.stringify(value)}`);
}

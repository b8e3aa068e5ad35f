export { AssertionError, assert, assertNever } from "./assert.js";
export { type ErrorCode, FleetError, type FleetErrorOptions, isFleetError } from "./errors.js";

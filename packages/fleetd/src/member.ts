// How a daemon's activities are run, for who puts one together without its surroundings: the simulation.
export { runGroup } from "./group.js";
export { whileMember } from "./while-member.js";

export type { ApiCounters } from "./api-counters.js";
export { type ApiServer, type ApiServerOptions, createApiServer } from "./api-server.js";
export { type ApiAddress, inheritedDescriptors } from "./listen.js";
export type { Availability } from "./services.js";

import { getDebugState } from "./handlers/debug-v2.js";
import { getDiscovery, getOpenApi } from "./handlers/discovery.js";
import { explainUnit } from "./handlers/explain-v2.js";
import { putMachine } from "./handlers/machine-policy.js";
import { listMachines, patchMachines } from "./handlers/machines-v1.js";
import { acceptAll, acceptMachine, forgetMachine, listMachinesV2 } from "./handlers/machines-v2.js";
import { getMetrics } from "./handlers/metrics.js";
import { foresee, survive } from "./handlers/plan-v2.js";
import { getState, listStates } from "./handlers/state-v1.js";
import { getStatus } from "./handlers/status-v2.js";
import { postUnitsV2 } from "./handlers/units-bulk.js";
import { deleteUnit, getUnit, listUnits, putUnit } from "./handlers/units-v1.js";
import { getUnitV2, putUnitV2 } from "./handlers/units-v2.js";
import { waitForUnits } from "./handlers/wait-v2.js";
import type { Handler } from "./services.js";

/** One resource. */
export interface Route {
  /** `:name` stands for exactly one segment that is not empty. */
  readonly path: string;
  /** By method; `GET` serves `HEAD` too. `*` serves every method that is not named. */
  readonly methods: Readonly<Record<string, Handler>>;
  /** The answer to any other method. */
  readonly otherwise: { readonly status: number; readonly message: string };
  /** Holds its answer back on purpose, so the time limit of requests is not for it. */
  readonly isLongPoll?: boolean;
  /** Is answered even while the daemon is not available. */
  readonly isAlwaysOn?: boolean;
}

const onlyGet = { status: 405, message: "only GET supported against this resource" };

/** The resources of v1, which stand under both of its prefixes. */
const routesV1: readonly Route[] = [
  { path: "", methods: {}, otherwise: { status: 405, message: "" } },
  { path: "/units", methods: { GET: listUnits }, otherwise: onlyGet },
  {
    path: "/units/:name",
    methods: { GET: getUnit, PUT: putUnit, DELETE: deleteUnit },
    otherwise: { status: 405, message: "only GET, PUT and DELETE supported against this resource" },
  },
  { path: "/state", methods: { GET: listStates }, otherwise: onlyGet },
  { path: "/state/:name", methods: { GET: getState }, otherwise: onlyGet },
  {
    path: "/machines",
    methods: { GET: listMachines, PATCH: patchMachines },
    otherwise: { status: 405, message: "only GET and PATCH supported against this resource" },
  },
  {
    path: "/discovery",
    methods: { GET: getDiscovery },
    otherwise: { status: 400, message: "only HTTP GET supported against this resource" },
  },
];

const routesV2: readonly Route[] = [
  {
    path: "/units",
    methods: { POST: postUnitsV2 },
    otherwise: { status: 405, message: "only POST supported against this resource" },
  },
  {
    path: "/units/:name",
    methods: { GET: getUnitV2, PUT: putUnitV2 },
    otherwise: { status: 405, message: "only GET and PUT supported against this resource" },
  },
  {
    path: "/plan",
    methods: { POST: foresee },
    otherwise: { status: 405, message: "only POST supported against this resource" },
  },
  {
    path: "/plan/survive",
    methods: { POST: survive },
    otherwise: { status: 405, message: "only POST supported against this resource" },
  },
  { path: "/units/:name/explain", methods: { GET: explainUnit }, otherwise: onlyGet },
  {
    path: "/machines/:name",
    methods: { PUT: putMachine, DELETE: forgetMachine },
    otherwise: { status: 405, message: "only PUT and DELETE supported against this resource" },
  },
  { path: "/machines", methods: { GET: listMachinesV2 }, otherwise: onlyGet },
  // These lift a freeze, so they are answered while the rest may not be.
  {
    path: "/accept",
    methods: { POST: acceptAll },
    otherwise: { status: 405, message: "only POST supported against this resource" },
    isAlwaysOn: true,
  },
  {
    path: "/accept/:name",
    methods: { POST: acceptMachine },
    otherwise: { status: 405, message: "only POST supported against this resource" },
    isAlwaysOn: true,
  },
  {
    path: "/wait",
    methods: { GET: waitForUnits, POST: waitForUnits },
    otherwise: { status: 405, message: "only GET and POST supported against this resource" },
    isLongPoll: true,
  },
  { path: "/status", methods: { GET: getStatus }, otherwise: onlyGet, isAlwaysOn: true },
  { path: "/openapi.json", methods: { GET: getOpenApi }, otherwise: onlyGet, isAlwaysOn: true },
  { path: "/debug/state", methods: { GET: getDebugState }, otherwise: onlyGet, isAlwaysOn: true },
];

/** Everything the server answers to. */
export const routes: readonly Route[] = [
  { path: "/", methods: {}, otherwise: { status: 405, message: "" } },
  { path: "/metrics", methods: { "*": getMetrics }, otherwise: onlyGet, isAlwaysOn: true },
  ...["/fleet/v1", "/v1-alpha"].flatMap((prefix) =>
    routesV1.map((route) => ({ ...route, path: prefix + route.path })),
  ),
  ...routesV2.map((route) => ({ ...route, path: `/fleet/v2${route.path}` })),
];

/** A route, and what stands in the place of its `:name`. */
export interface RouteMatch {
  readonly route: Route;
  readonly name: string;
}

/** Finds the route of a decoded, clean path. */
export function matchRoute(path: string): RouteMatch | undefined {
  const direct = exact.get(path);
  if (direct !== undefined) return { route: direct, name: "" };
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  const route = name === "" ? undefined : exact.get(`${path.slice(0, slash)}/:name`);
  return route === undefined ? matchAspect(path) : { route, name };
}

/** Finds the route of one aspect of a named thing, such as `/units/:name/explain`. */
function matchAspect(path: string): RouteMatch | undefined {
  const [, collection = "", name = "", aspect = ""] = /^(.*)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const route = exact.get(`${collection}/:name/${aspect}`);
  return route === undefined ? undefined : { route, name };
}

const exact: ReadonlyMap<string, Route> = new Map(routes.map((route) => [route.path, route]));

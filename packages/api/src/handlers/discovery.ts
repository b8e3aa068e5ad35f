import { discoveryDocument } from "../discovery-document.js";
import type { Handler } from "../services.js";

/** `GET discovery`: the description that clients of v1 are generated from. */
export const getDiscovery: Handler = async () => ({ status: 200, body: discoveryDocument });

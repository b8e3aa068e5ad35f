import { constantAnswer } from "../conditional.js";
import { discoveryDocument } from "../discovery-document.js";
import type { Handler } from "../services.js";

/** `GET discovery`: the description that clients of v1 are generated from. */
export const getDiscovery: Handler = async (services, request) =>
  constantAnswer(services, request, discoveryDocument);

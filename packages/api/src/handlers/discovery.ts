import { documentAnswer } from "../conditional.js";
import { discoveryDocument } from "../description/discovery-document.js";
import { openApiDocument } from "../description/openapi-document.js";
import type { Handler } from "../services.js";

/** `GET /fleet/v2/openapi.json`: the description of everything, in the form that today's tools read. */
export const getOpenApi: Handler = async (services, request) =>
  documentAnswer(request, openApiDocument(services.version));

/** `GET discovery`: the description that clients of v1 are generated from. */
export const getDiscovery: Handler = async (_services, request) => documentAnswer(request, discoveryDocument);

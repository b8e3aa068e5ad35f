import { type Answer, errorAnswer } from "./answer.js";
import type { Route } from "./routes.js";

/** The answer to a method that a resource does not have. `Allow` stands even if there is none that it has. */
export function wrongMethod(route: Route): Answer {
  const methods = Object.keys(route.methods).flatMap((name) =>
    name === "GET" || name === "*" ? ["GET", "HEAD"] : [name],
  );
  return errorAnswer(route.otherwise.status, route.otherwise.message, {
    headers: { Allow: methods.join(", ") },
  });
}

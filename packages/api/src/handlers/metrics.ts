import { HttpError } from "../answer.js";
import type { Handler } from "../services.js";

/** `/metrics`: Prometheus text. A daemon without metrics has no such resource. */
export const getMetrics: Handler = async ({ metrics }) => {
  if (metrics === undefined) throw new HttpError(404, "");
  const { contentType, body } = await metrics();
  return { status: 200, contentType, body };
};

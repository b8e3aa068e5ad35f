import type { StatusV2 } from "@fleet/client";
import { jsonAnswer } from "../answer.js";
import type { Handler } from "../services.js";

/** `GET /fleet/v2/status`: what this server knows of itself, without waiting for anything. */
export const getStatus: Handler = async ({ availability, machineId, replica, version }) => {
  const { available, problem } = availability();
  const reason = problem ?? replica.problem;
  const status: StatusV2 = {
    available,
    leader: replica.revision === 0 ? "" : (replica.view().leader?.machine ?? ""),
    machineID: machineId,
    replica: replica.condition,
    revision: replica.revision,
    version,
    ...(reason === undefined ? {} : { problem: reason }),
  };
  return jsonAnswer(status);
};

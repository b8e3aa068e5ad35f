import type { MachineV1 } from "@fleet/client";
import type { Machine } from "@fleet/core";
import { answerFromView } from "../conditional.js";
import { listAnswer } from "../list-answer.js";
import { decodeMetadataOperations } from "../metadata-operations.js";
import { cutPage } from "../page.js";
import { revisionHeader } from "../revision-header.js";
import type { Handler } from "../services.js";

/** `GET machines`: a page of the machines that are present, by id. */
export const listMachines: Handler = async (services, request, signal) => {
  const { access, clock, sorted, tokenLimit } = services;
  const tokens = request.query.getAll("nextPageToken");
  cutPage([], String, tokens, tokenLimit);
  const view = await access.view(request.revisionMin, signal);
  return answerFromView(services, request, view, () => {
    const { items, nextPageToken } = cutPage(sorted.machines(view), ({ id }) => id, tokens, tokenLimit);
    return listAnswer({ machines: items.map(toMachineV1), nextPageToken }, clock, signal);
  });
};

/** `PATCH machines`: changes metadata of machines, all at once. */
export const patchMachines: Handler = async ({ access, units }, request, signal) => {
  const changes = decodeMetadataOperations(await request.readBody(signal));
  const headers = { "Content-Type": "application/json" };
  if (changes.length === 0) return { status: 204, headers };
  const outcome = await units.changeMetadata(changes, signal);
  access.noteWrite(outcome.revision);
  return { status: 204, headers: { ...headers, ...revisionHeader(outcome.revision) } };
};

function toMachineV1(machine: Machine): MachineV1 {
  return {
    id: machine.id,
    metadata: machine.metadata,
    primaryIP: machine.presence?.primaryIp ?? "",
  };
}

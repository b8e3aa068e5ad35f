import { randomUUID } from "node:crypto";
import type { Random } from "@fleet/core/ports";

/** Real chance. */
export const systemRandom: Random = { uuid: () => randomUUID(), fraction: () => Math.random() };

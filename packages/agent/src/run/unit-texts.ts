import type { ContentId, Seat } from "@fleet/core";
import type { MachineSession } from "@fleet/core/ports";
import { openScope } from "./scope.js";

/** Reads units' texts from the registry. Units of one text, as the instances of a template are, share its reading. */
export class UnitTexts {
  readonly #session: Pick<MachineSession, "readUnitText">;
  readonly #reading = new Map<ContentId, Promise<string | undefined>>();

  constructor(session: Pick<MachineSession, "readUnitText">) {
    this.#session = session;
  }

  /**
   * @param signal - That of the whole activity: a reading serves many callers, and none of them can end it alone.
   * @returns `undefined` if the text is not in the registry.
   */
  read({ contentId }: Pick<Seat, "contentId">, signal: AbortSignal): Promise<string | undefined> {
    const under = this.#reading.get(contentId);
    if (under !== undefined) return under;
    const reading = this.#read(contentId, signal).finally(() => this.#reading.delete(contentId));
    this.#reading.set(contentId, reading);
    return reading;
  }

  async #read(contentId: ContentId, signal: AbortSignal): Promise<string | undefined> {
    const scope = openScope(signal);
    try {
      return await this.#session.readUnitText(contentId, scope.signal);
    } finally {
      scope.end();
    }
  }
}

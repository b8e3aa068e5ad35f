import { type ContentId, FleetError, type UnitContent, unitContentFromText } from "@fleet/core";

/** The texts of the replica: parsed when somebody first asks, and once, however many units share one. */
export class UnitContents {
  readonly #texts = new Map<ContentId, string>();
  readonly #parsed = new Map<ContentId, UnitContent | FleetError>();

  /** Takes a text in. @returns whether it is another than before. What was parsed of the same text stays right. */
  set(id: ContentId, text: string): boolean {
    if (this.#texts.get(id) === text) return false;
    this.#texts.set(id, text);
    this.#parsed.delete(id);
    return true;
  }

  /** Lets go of a text. @returns whether it was there. */
  delete(id: ContentId): boolean {
    this.#parsed.delete(id);
    return this.#texts.delete(id);
  }

  /** @returns the content; the error if it is unreadable; `undefined` if it is not there. */
  get(id: ContentId): UnitContent | FleetError | undefined {
    const known = this.#parsed.get(id);
    if (known !== undefined) return known;
    const text = this.#texts.get(id);
    if (text === undefined) return undefined;
    const parsed = parse(id, text);
    this.#parsed.set(id, parsed);
    return parsed;
  }
}

function parse(id: ContentId, text: string): UnitContent | FleetError {
  try {
    const content = unitContentFromText(text);
    if (content.contentId === id) return content;
    return new FleetError("internal", "the text is not the one that its key names");
  } catch (error) {
    if (error instanceof FleetError) return error;
    throw error;
  }
}

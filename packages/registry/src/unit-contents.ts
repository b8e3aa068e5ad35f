import { type ContentId, FleetError, type UnitContent, unitContentFromText } from "@fleet/core";

/** The texts of the replica: parsed when somebody first asks, and once, however many units share one. */
export class UnitContents {
  readonly #texts = new Map<ContentId, string>();
  readonly #parsed = new Map<ContentId, UnitContent | FleetError>();

  /** Takes a text in. */
  set(id: ContentId, text: string): void {
    // A text is put again with each record that refers to it; what was parsed stays right.
    if (this.#texts.get(id) === text) return;
    this.#texts.set(id, text);
    this.#parsed.delete(id);
  }

  /** Lets go of a text. */
  delete(id: ContentId): void {
    this.#texts.delete(id);
    this.#parsed.delete(id);
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

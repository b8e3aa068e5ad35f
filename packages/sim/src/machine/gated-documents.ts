import type { DocumentStore } from "@fleet/core/ports";
import type { SimProcess } from "./sim-process.js";

/** A directory of documents on a machine: on its disk, or in memory until the next boot. */
export class Documents {
  readonly #texts = new Map<string, string>();

  /** The directory as a process has it: it can be interrupted before and after each write. */
  forProcess(process: SimProcess, place: "disk" | "runtime"): DocumentStore {
    const texts = this.#texts;
    return {
      read: (name) =>
        process.ask(`${place}.read`, () => {
          const text = texts.get(name);
          return text === undefined ? undefined : JSON.parse(text);
        }),
      write: (name, document) => {
        const text = JSON.stringify(document);
        return process.ask(`${place}.write`, () => {
          texts.set(name, text);
        });
      },
      remove: (name) =>
        process.ask(`${place}.remove`, () => {
          texts.delete(name);
        }),
    };
  }

  /** A document as it is there. */
  peek(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** The names of all documents. */
  get names(): Iterable<string> {
    return this.#texts.keys();
  }

  clear(): void {
    this.#texts.clear();
  }
}

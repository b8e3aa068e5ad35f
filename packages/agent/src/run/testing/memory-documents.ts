import type { DocumentStore } from "@fleet/core/ports";

/** Documents that outlive the agents of a test. */
export class MemoryDocuments implements DocumentStore {
  readonly documents = new Map<string, string>();
  writes = 0;
  /** Names whose documents cannot be read. */
  readonly unreadable = new Set<string>();

  async read(name: string): Promise<unknown> {
    if (this.unreadable.has(name)) throw new Error("unreadable");
    const text = this.documents.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async write(name: string, document: unknown): Promise<void> {
    this.writes += 1;
    this.documents.set(name, JSON.stringify(document));
  }

  async remove(name: string): Promise<void> {
    this.documents.delete(name);
  }
}

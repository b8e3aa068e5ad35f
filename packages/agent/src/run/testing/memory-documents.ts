import { FleetError } from "@fleet/core";
import type { DocumentStore } from "@fleet/core/ports";

/** Documents that outlive the agents of a test. */
export class MemoryDocuments implements DocumentStore {
  readonly documents = new Map<string, string>();
  writes = 0;
  /** While true, nothing can be written. */
  fails = false;
  /** Names whose documents cannot be read. */
  readonly unreadable = new Set<string>();

  async read(name: string): Promise<unknown> {
    if (this.unreadable.has(name)) throw new Error("unreadable");
    const text = this.documents.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async write(name: string, document: unknown): Promise<void> {
    if (this.fails) throw new FleetError("unavailable", `cannot write ${name}: the disk is full`);
    this.writes += 1;
    this.documents.set(name, JSON.stringify(document));
  }

  async remove(name: string): Promise<void> {
    this.documents.delete(name);
  }
}

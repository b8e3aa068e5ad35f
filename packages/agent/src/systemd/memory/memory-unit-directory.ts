import type { UnitName } from "@fleet/core";
import type { UnitDirectory } from "@fleet/core/ports";

/** A units directory that exists in memory only; it outlives the agents that a test restarts on it. */
export class MemoryUnitDirectory implements UnitDirectory {
  readonly #path: string;
  readonly #texts = new Map<UnitName, string>();

  constructor(path = "/run/fleet/units") {
    this.#path = path;
  }

  pathOf(name: UnitName): string {
    return `${this.#path}/${name}`;
  }

  async list(): Promise<readonly UnitName[]> {
    return [...this.#texts.keys()];
  }

  async read(name: UnitName): Promise<string | undefined> {
    return this.#texts.get(name);
  }

  async write(name: UnitName, text: string): Promise<void> {
    this.#texts.set(name, text);
  }

  async remove(name: UnitName): Promise<void> {
    this.#texts.delete(name);
  }

  /** The text of the file at a path, as systemd would read it. */
  textAt(path: string): string | undefined {
    const name = path.slice(this.#path.length + 1) as UnitName;
    return path === this.pathOf(name) ? this.#texts.get(name) : undefined;
  }

  /** The machine has booted: a directory on tmpfs is empty. */
  clear(): void {
    this.#texts.clear();
  }
}

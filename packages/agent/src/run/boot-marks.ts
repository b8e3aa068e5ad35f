import type { UnitName } from "@fleet/core";
import type { DocumentStore } from "@fleet/core/ports";

const documentName = "agent-boot";

/**
 * Knows for which units the records of starts may have been lost.
 * An agent marks, in the runtime directory and on the disk, the boot it has worked in. Where the disk knows the boot (or
 * nothing at all) and the runtime directory does not, records have been lost; in a boot that is new to both nothing was
 * started, so there was nothing to lose. What was found lost is kept until it has been settled, over restarts too.
 */
export class BootMarks {
  readonly #runtimeDocuments: DocumentStore;
  readonly #stateDocuments: DocumentStore;
  #bootId = "";
  #lost = new Set<UnitName>();

  constructor(runtimeDocuments: DocumentStore, stateDocuments: DocumentStore) {
    this.#runtimeDocuments = runtimeDocuments;
    this.#stateDocuments = stateDocuments;
  }

  /**
   * Takes in the boot this is.
   * @param units - The units that are here.
   * @param isUnreadable - Whether a unit's record may be in a document that cannot be read.
   */
  async enter(
    bootId: string,
    units: Iterable<UnitName>,
    isUnreadable: (unit: UnitName) => boolean,
  ): Promise<void> {
    const [here, onDisk] = await Promise.all([read(this.#runtimeDocuments), read(this.#stateDocuments)]);
    const isLost = here?.bootId !== bootId && (onDisk === undefined || onDisk.bootId === bootId);
    this.#bootId = bootId;
    this.#lost = new Set(here?.bootId === bootId ? here.lost : []);
    for (const unit of units) if (isLost || isUnreadable(unit)) this.#lost.add(unit);
    await this.#write();
    if (onDisk?.bootId !== bootId) await this.#stateDocuments.write(documentName, { bootId });
  }

  isLost(unit: UnitName): boolean {
    return this.#lost.has(unit);
  }

  /** The unit was stopped on purpose or is gone: there is nothing left to be remembered. */
  async settle(unit: UnitName): Promise<void> {
    if (this.#lost.delete(unit)) await this.#write();
  }

  async #write(): Promise<void> {
    await this.#runtimeDocuments.write(documentName, { bootId: this.#bootId, lost: [...this.#lost] });
  }
}

interface Mark {
  readonly bootId: string;
  readonly lost: readonly UnitName[];
}

/** A mark that cannot be read is no mark: then more is taken for lost, and adopted. */
async function read(documents: DocumentStore): Promise<Mark | undefined> {
  const document = await documents.read(documentName).catch(() => undefined);
  if (typeof document !== "object" || document === null) return undefined;
  const { bootId, lost } = document as { readonly bootId?: unknown; readonly lost?: unknown };
  if (typeof bootId !== "string") return undefined;
  return { bootId, lost: Array.isArray(lost) ? lost : [] };
}

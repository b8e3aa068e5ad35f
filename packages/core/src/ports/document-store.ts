/**
 * Small named JSON documents on this machine. One instance lives on the disk and survives a reboot, another in the
 * runtime directory and does not.
 */
export interface DocumentStore {
  /** @returns the document, or `undefined` if there is none. @throws {FleetError} `internal` if it is there but unreadable. */
  read(name: string): Promise<unknown>;
  /** Replaces the document as a whole: after a crash it is the old one or the new one. */
  write(name: string, document: unknown): Promise<void>;
  /** Removes the document if it is there. */
  remove(name: string): Promise<void>;
}

/** One HTTP request, complete. */
export interface HttpRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "PATCH";
  /** With the query, percent-encoded, starting at `/fleet/`. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the server was asked to hold its answer back; time limits are counted on top of it. */
  readonly patienceMs?: number;
  /** Changes nothing, though its method may not say so: it may be sent again whatever became of it. */
  readonly isRead?: true;
}

/** The whole answer to a request, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated header the values are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Which server it is from, if several could have answered. */
  readonly endpoint?: string;
}

/** Carries requests to a server. It knows nothing of fleet; its limits are those of one request. */
export interface Transport {
  /** Names the server for people: `unix:///run/fleet.sock`. */
  readonly endpoint: string;
  /**
   * @throws {TransportError} if there is no complete answer.
   * @throws the signal's reason as soon as it is aborted.
   */
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** Lets go of idle connections, so that the process can end. */
  close(): void;
}

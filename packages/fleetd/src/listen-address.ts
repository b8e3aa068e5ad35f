/** Where the API listens. */
export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** The sockets that systemd passed (`LISTEN_FDS`). */
  | { readonly kind: "inherited" };

/** Writes an address the way it is written in the configuration. */
export function formatListenAddress(address: ListenAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix://${address.path}`;
    case "tcp":
      return `http://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
    case "inherited":
      return "fd://";
  }
}

/**
 * Reads one item of `listen`: `unix:///run/fleet.sock`, `http://127.0.0.1:49153`, `http://[::1]:49153` or `fd://`.
 * @returns the problem as a text if it is none of them.
 */
export function parseListenAddress(item: string): ListenAddress | string {
  if (item === "fd://") return { kind: "inherited" };
  const unix = /^(?:unix|file):\/\/(.*)$/.exec(item);
  if (unix) {
    const path = unix[1] ?? "";
    if (!path.startsWith("/")) return `"${item}": the path must be absolute, like "unix:///run/fleet.sock"`;
    if (Buffer.byteLength(path) > 107) return `"${item}": a socket path has at most 107 bytes`;
    return { kind: "unix", path };
  }
  const tcp = /^(?:http|tcp):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/:[\]]+)):(\d{1,5})\/?$/.exec(item);
  if (tcp) {
    const port = Number(tcp[3]);
    if (port > 65_535) return `"${item}": a port is at most 65535`;
    return { kind: "tcp", host: tcp[1] ?? tcp[2] ?? "", port };
  }
  return `"${item}": expected unix:///path, http://address:port or fd://`;
}

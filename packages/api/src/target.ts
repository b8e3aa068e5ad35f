import { posix } from "node:path";
import { FleetError } from "@fleet/core";

/**
 * Takes a request target apart; it may be an absolute URL. The path comes back percent-decoded; bytes that are no UTF-8
 * become U+FFFD, which stands in no name.
 * @throws {FleetError} `invalid-argument` for a `%` without two hexadecimal digits.
 */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const local = target.replace(/^[a-z]+:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  const raw = mark < 0 ? local : local.slice(0, mark);
  return { path: decodePath(raw) || "/", query: mark < 0 ? "" : local.slice(mark + 1) };
}

/** The path without empty segments, `.` and `..`. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.startsWith("/") ? normal : `/${normal === "." ? "" : normal}`;
}

function decodePath(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    if (/%(?![0-9a-f]{2})/i.test(raw)) {
      throw new FleetError("invalid-argument", "the path is not properly percent-encoded", { cause });
    }
    return raw.replaceAll(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
      Buffer.from(bytes.replaceAll("%", ""), "hex").toString("utf8"),
    );
  }
}

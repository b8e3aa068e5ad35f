import { LabError, runCommand } from "@fleet/lab";

/** The mirror in what `apt-get indextargets` prints: that of Debian itself, not of its updates or of others. */
export function mirrorIn(listed: string): string | undefined {
  for (const line of listed.split("\n")) {
    const [origin, label, address = ""] = line.split("|");
    if (origin === "Debian" && label === "Debian" && address !== "") return address.replace(/\/$/, "");
  }
  return undefined;
}

/**
 * The mirror of Debian that this host's apt uses.
 * @throws {LabError} `missing` if it has none, as on other distributions.
 */
export async function mirrorOfHost(): Promise<string> {
  const format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
  const asked = await runCommand([
    ...(["apt-get", "indextargets", "--format", format] as const),
    "Created-By: Packages",
  ]);
  const found = asked.code === 0 ? mirrorIn(asked.stdout) : undefined;
  if (found !== undefined) return found;
  throw new LabError("missing", "this host's apt knows no mirror of Debian", {
    hint: "Run apt-get update first, or name a mirror: --mirror URL",
  });
}

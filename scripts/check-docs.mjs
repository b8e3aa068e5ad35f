// Checks that the documents hold together: every relative link in a Markdown file leads to a file that exists, and every
// decision is listed in docs/decisions/README.md. Exits 1 with `file: problem` lines otherwise.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "--", "*.md"], {
  encoding: "utf8",
});
const files = tracked.split("\n").filter((file) => file !== "" && existsSync(file));
const problems = [];

for (const file of files) {
  for (const [, target] of readFileSync(file, "utf8").matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^([a-z]+:|#)/.test(target)) continue;
    const path = normalize(join(dirname(file), target.split("#")[0]));
    if (!existsSync(path)) problems.push(`${file}: link to ${target}: no such file`);
  }
}

const index = "docs/decisions/README.md";
const listed = existsSync(index) ? readFileSync(index, "utf8") : "";
for (const file of files) {
  const name = /^docs\/decisions\/(\d{4}-.+\.md)$/.exec(file)?.[1];
  if (name !== undefined && !listed.includes(`(${name})`)) problems.push(`${index}: does not list ${name}`);
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

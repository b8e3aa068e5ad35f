import { createHash } from "node:crypto";
import type { ClusterView } from "@fleet/core";
import type { Answer } from "./answer.js";
import type { ApiRequest } from "./request.js";
import { revisionHeader } from "./revision-header.js";
import type { Services } from "./services.js";

/**
 * Answers from a view, or with 304 if the client has that answer already.
 * The tag names everything an answer depends on beside its URL: the revision and its history, the page size, and the
 * program. It is weak, because the same answer may be compressed or not.
 * @param make - Makes the answer; called at once, or not at all.
 */
export function answerFromView(
  services: Services,
  request: ApiRequest,
  view: ClusterView,
  make: () => Answer,
): Answer {
  const history = view.identity?.epoch ?? "";
  const tag = `"${services.version}-${services.tokenLimit}-${history}-${view.revision}"`;
  return conditionalAnswer(request, tag, revisionHeader(view.revision), make);
}

/** The same for a document. */
export function documentAnswer(request: ApiRequest, body: string): Answer {
  const digest = createHash("sha256").update(body).digest("base64url");
  return conditionalAnswer(request, `"${digest}"`, {}, () => ({ status: 200, body }));
}

function conditionalAnswer(
  request: ApiRequest,
  tag: string,
  others: Readonly<Record<string, string>>,
  make: () => Answer,
): Answer {
  const headers = { ETag: `W/${tag}`, ...others };
  if (matches(request.ifNoneMatch, tag)) return { status: 304, headers };
  const answer = make();
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Compares weakly, as HTTP wants it of this header. */
function matches(ifNoneMatch: string, tag: string): boolean {
  return ifNoneMatch.split(",").some((item) => {
    const given = item.trim();
    return given === "*" || given.replace(/^W\//, "") === tag;
  });
}

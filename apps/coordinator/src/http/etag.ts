import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Request } from "express";
import type { StudyRow } from "../store/study-repository.js";
import { HttpError } from "./http-error.js";

/**
 * A strong entity tag in two parts: the stored study (what an update must not overwrite unseen), and all that is shown,
 * which also changes while rounds go on.
 */
export function etagOf(study: StudyRow, shown?: object): string {
  const row = tagOf("row", { hash: study.hash, status: study.status, reason: study.reason, version: study.version });
  return shown === undefined ? `"${row}"` : `"${row}.${tagOf("view", shown)}"`;
}

/** Whether the client has what would be answered. */
export function isFresh(request: Request, etag: string): boolean {
  const tags = tagsOf(request.get("if-none-match"));
  return tags.includes("*") || tags.some((tag) => tag.replace(/^W\//, "") === etag);
}

/**
 * Requires that the client has seen the study as it is stored now.
 * @throws HttpError PRECONDITION_REQUIRED without If-Match, PRECONDITION_FAILED for another version
 */
export function requireMatch(request: Request, study: StudyRow): void {
  const given = request.get("if-match");
  if (given === undefined)
    throw new HttpError("PRECONDITION_REQUIRED", "send the ETag of the study that you change in If-Match");
  const row = etagOf(study);
  const matches = tagsOf(given).some(
    (tag) => tag === "*" || tag.replace(/^"([0-9a-f]+)(\.[0-9a-f]+)?"$/, '"$1"') === row,
  );
  if (!matches)
    throw new HttpError(
      "PRECONDITION_FAILED",
      `study ${study.name} has changed meanwhile; read it again, then change it`,
    );
}

function tagsOf(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}

function tagOf(part: string, value: object): string {
  return sha256Hex(`fedbaps/etag-${part}/1`, canonicalJson(value)).slice(0, 24);
}

import { UsageError } from "@fedbaps/core/common/errors.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import type { z } from "zod";
import { studiesAnswer } from "./answers.js";
import type { Call } from "./remote.js";

type Page = z.infer<typeof studiesAnswer>;

/** All studies, page by page. */
export async function allStudies(call: Call, status: string | undefined): Promise<Page["studies"]> {
  const studies: Page["studies"] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query = new URLSearchParams({ limit: "200" });
    if (status !== undefined) query.set("status", status);
    if (cursor !== "") query.set("cursor", cursor);
    const page: Page = await call("GET", `/studies?${query}`, studiesAnswer);
    studies.push(...page.studies);
    cursor = page.next;
  }
  return studies;
}

/** @throws UsageError for what cannot be a study's name */
export function pathOfStudy(name: string): string {
  const parsed = nameSchema.safeParse(name);
  if (!parsed.success) throw new UsageError(`${name} is no study's name: ${parsed.error.issues[0].message}`);
  return `/studies/${name}`;
}

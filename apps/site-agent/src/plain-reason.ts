import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { fileFailure } from "@fedbaps/core/common/file-failure.js";
import { DatasetError } from "@fedbaps/core/data/errors.js";
import { ImageError } from "@fedbaps/core/image/errors.js";

/**
 * Why something failed, for what a running agent says: of a service that ends in a journal, which is a log. So it names no
 * file of the data, as names of files and folders are often those of patients; `data check` names it to the person who asks.
 */
export function plainReason(error: unknown): string {
  if (error instanceof DatasetError || error instanceof ImageError)
    return `the data cannot be used as they are (${error.code}); fedbaps-site data check names the file and says what to do`;
  if (error instanceof FedBapsError) return error.message;
  const failure = fileFailure(error);
  if (failure) return `a file cannot be used: ${failure.what} (${failure.code}); ${failure.remedy}`;
  const { code, name } = error as { code?: unknown; name?: unknown };
  // The text of an unforeseen error may hold a path.
  return `unexpected error (${typeof code === "string" ? code : String(name ?? "unknown")}); please report it`;
}

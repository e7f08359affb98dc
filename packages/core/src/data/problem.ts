import { FedBapsError, messageOf } from "../common/errors.js";
import { DatasetError, type DatasetErrorCode } from "./errors.js";

/**
 * What a problem means: `fatal`, the data cannot be used before it is mended; `case`, one case cannot be used, which
 * a tolerance may forgive; `warning`, worth a look.
 */
export type Severity = "fatal" | "case" | "warning";

/** Something wrong with a site's data. Names files, so it stays at the site. */
export interface Problem {
  readonly severity: Severity;
  readonly code: string;
  /** The path of the file or folder. */
  readonly file: string;
  /** The name by which the picture is paired with its mask, where that is what is wrong. */
  readonly stem?: string;
  /** The case that it is about, where it has become one. */
  readonly sample?: number;
  /** What is wrong. */
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
}

/** What is said where a reader's error brings no remedy of its own. */
const REMEDY = "save the file again, or take the pair out";

/** A problem as an error: what, where and what to do in one line. */
export function errorOf({ code, file, message, remedy }: Problem): DatasetError {
  return new DatasetError(code as DatasetErrorCode, `${file}: ${message}; ${remedy}`, {
    file,
    reason: message,
    remedy,
  });
}

/** An error about one case, made of its three parts so that `problemOf` finds them again. */
export function caseError(code: DatasetErrorCode, file: string, message: string, remedy: string): DatasetError {
  return errorOf({ severity: "case", code, file, message, remedy });
}

/**
 * What a reader threw about a file, as a problem of one case. Our one-line errors read "file: what; remedy".
 * @throws the error itself where it is none of ours: a fault of the program is no bad case.
 */
export function problemOf(error: unknown, file: string): Problem {
  if (!(error instanceof FedBapsError)) throw error;
  const { code, fields } = error;
  if (typeof fields.file === "string" && typeof fields.reason === "string" && typeof fields.remedy === "string")
    return { severity: "case", code, file: fields.file, message: fields.reason, remedy: fields.remedy };
  const named = typeof fields.path === "string" ? fields.path : file;
  const text = messageOf(error);
  const line = text.startsWith(`${named}: `) ? text.slice(named.length + 2) : text;
  const cut = line.lastIndexOf("; ");
  return cut < 0
    ? { severity: "case", code, file: named, message: line, remedy: REMEDY }
    : { severity: "case", code, file: named, message: line.slice(0, cut), remedy: line.slice(cut + 2) };
}

const LISTED = 5;

/** The first few of a list, and how many more there are. */
export function firstFew(names: readonly (string | number)[]): string {
  const rest = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

import { FedBapsError } from "../common/errors.js";

export class ExportError extends FedBapsError<
  /** The decoder's kind cannot be written as a graph. */
  | "EXPORT_KIND"
  /** The graph does not give what the pipeline gives. */
  | "EXPORT_DIFFERS"
> {}

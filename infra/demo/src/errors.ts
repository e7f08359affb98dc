import { FedBapsError } from "@fedbaps/core/common/errors.js";

export class DemoError extends FedBapsError<"DEMO_DATA" | "DEMO_OUT" | "DEMO_PROCESS" | "DEMO_STUDY"> {}

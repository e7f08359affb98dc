import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { OpenOptions } from "@fedbaps/core/blackbox/open.js";
import { limitTensorThreads } from "@fedbaps/core/decoder/tensor-backend.js";
import { limitPictureThreads } from "@fedbaps/core/image/threads.js";
import type { Home } from "../home.js";
import type { Policy } from "../policy.js";
import { PolicyGate, type PolicyGateInit } from "./query-gate.js";

export type OpeningInit = Omit<PolicyGateInit, "ledgerFolder"> & {
  readonly home: Home;
  /** CPU threads that somebody asked for. */
  readonly threads?: number | undefined;
};

/** Where a home counts the queries of each day. */
export function ledgerFolder(home: Home): string {
  return join(home.folder, "queries");
}

/**
 * What the policy says of how a black box is opened: hosts, threads, and the gate before every call. Queries are counted
 * where there is a home; where there is none, there is no policy either.
 */
export async function openUnderPolicy({
  home,
  threads,
  ...gate
}: OpeningInit): Promise<Pick<OpenOptions, "allowedHosts" | "gate" | "threads" | "maxThreads">> {
  const { blackboxHosts, maxThreads } = gate.policy.rules;
  const there = await stat(home.folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return {
    allowedHosts: blackboxHosts,
    gate: new PolicyGate({ ...gate, ledgerFolder: there ? ledgerFolder(home) : undefined }),
    ...(threads === undefined ? {} : { threads }),
    ...(maxThreads === undefined ? {} : { maxThreads }),
  };
}

/** Holds this process, the black box's runtime apart, to the policy's CPU threads; to be called before pictures are read. */
export function limitThreads({ maxThreads }: Policy): void {
  if (maxThreads === undefined) return;
  limitPictureThreads(maxThreads);
  limitTensorThreads(maxThreads);
}

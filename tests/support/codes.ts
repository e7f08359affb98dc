import { FedBapsError } from "@fedbaps/core/common/errors.js";

/** What was thrown, where the test cares for its text or its fields too. */
export async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** The code of what was thrown, now or by the promise; the error itself where it has none. */
export async function codeOf(act: () => unknown): Promise<unknown> {
  const error = await thrownBy(act);
  if (error === undefined) return "nothing thrown";
  return error instanceof FedBapsError ? error.code : error;
}

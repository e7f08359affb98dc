import { toBase64 } from "@fedbaps/core/common/bytes.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { CoordinatorError } from "../errors.js";
import type { RoundRepository } from "../store/round-repository.js";
import { type Route, route } from "./route.js";
import { nameParams } from "./schemas/common.js";
import { seenSchema } from "./schemas/study.js";
import type { StudyCommands } from "./waiting.js";

export interface SeenComponents {
  readonly studies: Pick<StudyCommands, "get">;
  readonly rounds: RoundRepository;
}

/** How much of the sum is shown. */
const HEAD_BYTES = 48;
const ELEMENT_BYTES = 4;

/** What the coordinator saw of the newest completed round: for a study lead to see that it is ciphertext. */
export function seenRoutes({ studies, rounds }: SeenComponents): Route[] {
  return [
    route({
      method: "get",
      path: "/studies/:name/seen",
      summary: "What the coordinator saw of the newest completed round: masked inputs, and their sum",
      role: "viewer",
      params: nameParams,
      answer: { status: 200, description: "digests and first bytes", schema: seenSchema },
      problems: [404],
      async handle({ params: { name } }) {
        await studies.get(name);
        const seen = await rounds.seen(name);
        if (seen === undefined) throw new CoordinatorError("NOT_FOUND", `study ${name} has no completed round yet`);
        const { sum, ...rest } = seen;
        const shown = { bytes: sum.length, sha256: sha256Hex(sum), head: toBase64(sum.subarray(0, HEAD_BYTES)) };
        const inputs = [...seen.inputs].sort((a, b) => (a.site < b.site ? -1 : 1));
        return { ...rest, inputs, vectorLength: sum.length / ELEMENT_BYTES, sum: shown };
      },
    }),
  ];
}

import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { studySpecSchema } from "@fedbaps/core/wire/study.js";

/** What a study is that says nothing but who takes part: the decoder, the clip bound and the weights of its updates. */
export const defaultStudy = studySpecSchema.parse({ name: "default", participation: { sites: ["a", "b", "c"] } });
export const defaultCount = parameterCount(defaultStudy.decoder);

import { z } from "zod";
import { canonicalJson, sha256Hex } from "../common/hash.js";
import { DECODER_KINDS } from "../decoder/parameters.js";
import { mismatch } from "../training/presets.js";
import { nameSchema } from "./primitives.js";

const REQUIRE = 'give "all" or a whole number of at least 3';

/**
 * A study as its lead writes it (YAML at the coordinator) and as every site approves it. It holds parameters, never
 * code. The field names are the file's; defaults are filled in before the hash is taken.
 */
export const studySpecSchema = z
  .strictObject({
    name: nameSchema.describe("short name, also the study's id"),
    title: z.string().min(1).max(120).optional(),
    mode: z.literal("fedavg").default("fedavg"),
    decoder: z.enum(DECODER_KINDS).default("texture"),
    preset: z.enum(["adam", "paper"]).default("adam"),
    rounds: z.number().int().min(1).max(1000).default(4),
    /** Share of a site's training queries that it keeps for fine-tuning by itself after the last round. */
    personalShare: z.number().min(0).max(0.9).default(0.5),
    budget: z
      .number()
      .int()
      .min(50)
      .max(100_000_000)
      .default(1500)
      .describe("black-box queries per site, for everything"),
    clicks: z.number().int().min(1).max(20).default(3).describe("simulated clicks per image when reporting"),
    seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(1),
    /** L2 bound of one site's update per round. */
    clip: z.number().min(1e-6).max(1e6).default(30),
    /** Whether sums stay sealed to the coordinator, so that only the study's sites can open them. */
    sealed: z.boolean().default(true),
    /** The largest number of training images that a site may count for; bounds its weight. */
    maxImages: z.number().int().min(1).max(1_000_000).default(10_000),
    participation: z
      .strictObject({
        sites: z.array(nameSchema).min(3, "name at least 3 sites").max(200, "name at most 200 sites"),
        /** How many sites a round needs: "all", or k of them. */
        require: z.union([z.literal("all"), z.number(REQUIRE).int(REQUIRE).min(3, REQUIRE)], REQUIRE).default("all"),
      })
      .describe("who takes part"),
    /** Seconds of silence after which a site counts as gone in the running phase; any message of it starts them anew. */
    silenceSeconds: z.number().min(1).max(604_800).default(600),
  })
  .superRefine((study, context) => {
    const unfit = mismatch(study.preset, study.decoder);
    if (unfit) context.addIssue({ code: "custom", path: ["decoder"], message: unfit });
    const { sites, require } = study.participation;
    if (new Set(sites).size !== sites.length)
      context.addIssue({ code: "custom", path: ["participation", "sites"], message: "names a site twice" });
    if (require !== "all" && require > sites.length)
      context.addIssue({
        code: "custom",
        path: ["participation", "require"],
        message: `asks for ${require} sites, but only ${sites.length} are named`,
      });
  });

export type StudySpec = z.infer<typeof studySpecSchema>;

/** SHA-256 over the canonical JSON of the whole study: what a site approves and what every signature binds. */
export function studyHash(study: StudySpec): string {
  return sha256Hex("fedbaps/study/1", canonicalJson(study));
}

/** How many sites a round of this study needs. */
export function requiredSites(study: StudySpec): number {
  return study.participation.require === "all" ? study.participation.sites.length : study.participation.require;
}

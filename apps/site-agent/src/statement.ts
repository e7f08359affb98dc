import { decoderLayout } from "@fedbaps/core/decoder/layouts.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { requiredSites, type StudySpec } from "@fedbaps/core/wire/study.js";
import type { Policy } from "./policy.js";

/** What taking part means, in plain words and numbers. */
export interface Statement {
  readonly leaves: readonly string[];
  readonly never: readonly string[];
  readonly costs: readonly string[];
}

/**
 * States what would leave this site under this study and this policy, how often and how large, and what it costs.
 * @param servers on other machines that this site's own black box asks: pictures leave for them.
 */
export function statement(study: StudySpec, policy: Policy, servers: readonly string[]): Statement {
  const parameters = decoderLayout(study.decoder).length;
  const length = updateLength(parameters);
  const sites = study.participation.sites.length;
  const leaves = [
    "public keys and signatures of this site, fresh ones in every round",
    `secret shares sealed to each of up to ${sites - 1} other sites, which the coordinator passes on unread`,
    ...(study.sealed
      ? [
          "once, where this site makes the key that seals the sums: that key, boxed for each site of the study, which the coordinator passes on unread",
        ]
      : []),
    `in each of ${study.rounds} rounds one masked vector of ${length} numbers (${kilobytes(length * 4)}): it looks random, ` +
      `and only the sum over ${Math.max(requiredSites(study), policy.minCohort)} or more sites can be unmasked${study.sealed ? ", sealed so that only the study's sites can open it" : ", which the coordinator can read"}`,
    "the number of its training images, inside the masked vector: only the sum over the sites becomes known",
    "while it works: steps done, queries spent, and codes of failures",
    "at the end: whether it uses a decoder and of which version, queries spent, seconds of the black box",
    ...metricsLines(policy),
    ...servers.map(
      (server) =>
        `to ${server}, this site's own black box and not the coordinator: up to ${study.budget} pictures with visual prompts drawn on them, and clicks`,
    ),
  ];
  return {
    leaves,
    never: [
      servers.length === 0
        ? "images, masks, clicks, file names, patient data"
        : "masks, file names, patient data; images and clicks to the coordinator or another site",
      `this site's own decoder (${parameters} parameters) in the clear`,
    ],
    costs: [`at most ${study.budget} black-box queries here (policy: ${policy.budgetPerStudy})`],
  };
}

function metricsLines({ metrics }: Policy): string[] {
  if (metrics === "none") return ["no measurements (policy: metrics: none)"];
  const inside =
    "validation Dice and training loss, inside the masked vector: only their mean over the sites becomes known";
  if (metrics === "cohort") return [`${inside} (policy: metrics: cohort)`];
  return [
    inside,
    "with every round this site's own validation Dice, and at the end its test Dice and numbers of images (policy: metrics: own)",
  ];
}

function kilobytes(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The study and its statement as text for a person. */
export function studyText(study: StudySpec, hash: string, { leaves, never, costs }: Statement): string {
  const { sites, require } = study.participation;
  const list = (title: string, lines: readonly string[]) => [title, ...lines.map((line) => `  - ${line}`)];
  return [
    `study ${study.name}${study.title ? ` (${study.title})` : ""}`,
    `  ${study.rounds} rounds, decoder ${study.decoder}, preset ${study.preset}, ` +
      `sites ${sites.join(", ")} (${require === "all" ? "all" : `${require}`} needed)`,
    `  hash ${hash}`,
    "",
    ...list("What will leave this site:", leaves),
    "",
    ...list("What never leaves:", never),
    "",
    ...list("What it costs:", costs),
    "",
  ].join("\n");
}

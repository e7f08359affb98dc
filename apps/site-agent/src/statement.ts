import { decoderLayout } from "@fedbaps/core/decoder/layouts.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { requiredSites, type StudySpec } from "@fedbaps/core/wire/study.js";
import { type Policy, ruleText } from "./policy.js";
import { studyTraffic, type Traffic } from "./statement-traffic.js";

/** What taking part means, in plain words and numbers. */
export interface Statement {
  readonly leaves: readonly string[];
  readonly never: readonly string[];
  readonly blackboxSees: readonly string[];
  readonly costs: readonly string[];
  /** Bytes to the coordinator. */
  readonly traffic: Traffic;
}

/** This site, as far as a statement needs to know it. */
export interface StatementSite {
  readonly site: string;
  /** On other machines, that its black box asks: pictures leave for them. */
  readonly servers: readonly string[];
}

/** States what would leave this site under this study and this policy, how often and how large, and what it costs. */
export function statement(study: StudySpec, policy: Policy, { site, servers }: StatementSite): Statement {
  const parameters = decoderLayout(study.decoder).length;
  const traffic = studyTraffic(study, policy, site, parameters);
  // While it trains, this decoder is taught with the true masks: it paints them.
  const painted = study.decoder === "texture";
  return {
    leaves: [
      ...leaving(study, policy, traffic, updateLength(parameters)),
      ...metricsLines(policy),
      ...servers.map(
        (server) =>
          `to ${server}, this site's own black box and not the coordinator: up to ${study.budget} pictures with visual prompts drawn on them, and clicks` +
          (painted ? "; in training the prompts show the outlines of this site's labels" : ""),
      ),
    ],
    never: [
      servers.length === 0
        ? "images, masks, clicks, file names, patient data"
        : `${painted ? "file names, patient data; images, masks" : "masks, file names, patient data; images"} and clicks to the coordinator or another site`,
      `this site's own decoder (${parameters} parameters), its updates and its visual prompts in the clear`,
      "results of single images; texts of errors: of a failure only its code is told",
    ],
    blackboxSees: sees(servers, painted),
    costs: costs(study, policy),
    traffic,
  };
}

function leaving(study: StudySpec, policy: Policy, traffic: Traffic, length: number): string[] {
  const others = study.participation.sites.length - 1;
  const { rounds } = study;
  return [
    `with every connection: this site's name, a signature as its proof, and the hashes of the studies it approved (${size(traffic.connection)})`,
    `in each of ${rounds} rounds ${size(traffic.round)}: fresh public keys and signatures of this site, secret shares sealed ` +
      `to each of up to ${others} other sites, which the coordinator passes on unread, and one masked vector`,
    `the masked vector, ${length} numbers (${size(traffic.vector)}): it looks random, and only the sum over ` +
      `${Math.max(requiredSites(study), policy.minCohort)} or more sites can be unmasked${study.sealed ? ", sealed so that only the study's sites can open it" : ", which the coordinator can read"}`,
    "the number of its training images, inside the masked vector: only the sum over the sites becomes known",
    ...(study.sealed
      ? [
          `once, unless another site was faster: a key to seal the sums with, boxed for each site of the study, which the coordinator passes on unread (${size(traffic.epochKey)})`,
        ]
      : []),
    `while it works: steps done and queries spent, once a second at most (${traffic.progress} bytes each, so up to ${size(3600 * traffic.progress)} an hour), and codes of failures`,
    `every 25 seconds a sign of life (${traffic.alive} bytes)`,
    `at the end: whether it uses a decoder and of which version, queries spent, seconds of the black box (${size(traffic.report)})`,
    `in all about ${size(traffic.study)} to the coordinator, besides what is told while it works; a round that fails is sent again`,
  ];
}

function metricsLines(policy: Policy): string[] {
  const rule = ruleText(policy, "metrics");
  if (policy.metrics === "none") return [`no measurements (${rule})`];
  const inside =
    "validation Dice and training loss, inside the masked vector: only their mean over the sites becomes known";
  if (policy.metrics === "cohort") return [`${inside} (${rule})`];
  return [
    inside,
    `with every round this site's own validation Dice, and at the end its test Dice and numbers of images (${rule})`,
  ];
}

function sees(servers: readonly string[], painted: boolean): string[] {
  const shown =
    "every picture of the site's training, validation and test images, with a visual prompt drawn on it or none";
  const prompts = painted
    ? "simulated clicks; in training the outlines of the labels, painted over the picture; never a file name or anything else of the patient"
    : "simulated clicks; never a mask, a file name or anything else of the patient";
  return servers.length === 0
    ? [`${shown}: on this machine, nothing leaves it`, prompts]
    : [`${shown}: it is sent to ${servers.join(" and ")}`, prompts];
}

function costs({ budget }: StudySpec, policy: Policy): string[] {
  const { budgetPerDay } = policy;
  const days = budgetPerDay === "none" ? 0 : Math.ceil(budget / budgetPerDay);
  return [
    `at most ${budget} black-box queries here (${ruleText(policy, "budgetPerStudy")})`,
    ...(budgetPerDay === "none"
      ? []
      : [
          `no more than ${budgetPerDay} in a day, so up to ${days} ${days === 1 ? "day" : "days"} (${ruleText(policy, "budgetPerDay")})`,
        ]),
    ...(policy.quietHours.length === 0 ? [] : [`none in quiet hours (${ruleText(policy, "quietHours")})`]),
  ];
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The study and its statement as text for a person. */
export function studyText(study: StudySpec, hash: string, stated: Statement): string {
  const { sites, require } = study.participation;
  const list = (title: string, lines: readonly string[]) => [title, ...lines.map((line) => `  - ${line}`), ""];
  return [
    `study ${study.name}${study.title ? ` (${study.title})` : ""}`,
    `  ${study.rounds} rounds, decoder ${study.decoder}, preset ${study.preset}, ` +
      `sites ${sites.join(", ")} (${require === "all" ? "all" : `${require}`} needed)`,
    `  hash ${hash}`,
    "",
    ...list("What will leave this site:", stated.leaves),
    ...list("What never leaves:", stated.never),
    ...list("What the black box sees:", stated.blackboxSees),
    ...list("What it costs:", stated.costs),
  ].join("\n");
}

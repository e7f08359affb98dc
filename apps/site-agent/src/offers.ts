import { type StudyOffer, studyOfferSchema } from "@fedbaps/core/wire/messages.js";
import { studyHash } from "@fedbaps/core/wire/study.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { readJson, writeJson } from "./json-file.js";

export const offersSchema = z.array(studyOfferSchema);
const fileSchema = z.strictObject({ format: z.literal("fedbaps-offers/1"), offers: offersSchema });

/** The offers whose hash is really that of their text; others could show one study and mean another. */
export function honestOffers(offers: readonly StudyOffer[]): StudyOffer[] {
  return offers.filter(({ spec, hash }) => studyHash(spec) === hash);
}

/** Keeps what the coordinator offered last, for commands that run while the agent does. */
export function saveOffers(home: Home, offers: readonly StudyOffer[]): Promise<void> {
  return writeJson(home.offers, { format: "fedbaps-offers/1", offers });
}

export async function readOffers(home: Home): Promise<StudyOffer[]> {
  return (await readJson(home.offers, fileSchema))?.offers ?? [];
}

/** @throws AgentError UNKNOWN_STUDY, naming those that are offered */
export function findOffer(offers: readonly StudyOffer[], name: string): StudyOffer {
  const offer = offers.find(({ spec }) => spec.name === name);
  if (offer) return offer;
  const names = offers.map(({ spec }) => spec.name).join(", ");
  throw new AgentError(
    "UNKNOWN_STUDY",
    names === ""
      ? `the coordinator offers this site no study, so not ${name}`
      : `the coordinator does not offer the study ${name}; it offers: ${names}`,
  );
}

/** The parts of a split, in the order in which their samples are numbered. */
export const PARTS = ["train", "val", "test"] as const;
export type Part = (typeof PARTS)[number];

const WORDS: Readonly<Record<string, Part>> = {
  train: "train",
  training: "train",
  val: "val",
  valid: "val",
  validation: "val",
  test: "test",
  testing: "test",
};

/** The part that a folder's name or a manifest's word means, in any case of the letters. */
export function partOf(word: string): Part | undefined {
  return WORDS[word.trim().toLowerCase()];
}

import type { Prompt, PromptPoint, SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import { DECODER_SIZE, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";
import { resizeImage, resizeMap } from "@fedbaps/core/image/resize.js";
import { caseSize } from "@fedbaps/core/training/cases.js";
import { type Subject, scalePrompt, segmentPrompted } from "@fedbaps/core/training/prompted-model.js";

/** One picture to be segmented; the prompt in its pixels. */
export interface Question {
  /** RGB, 0..255, of any size. */
  readonly image: Image;
  readonly prompt: Prompt;
  /** Whether the decoder draws on it. */
  readonly adapted: boolean;
}

/** Segments pictures as they are read, in the way in which decoders were trained and measured. */
export class Predictor {
  /**
   * @param model already metered
   * @param decoder what draws where a question wants it, with its parameters
   */
  constructor(
    private readonly model: SegmentationModel,
    private readonly decoder?: { readonly kind: IpDecoder; readonly theta: Float32Array },
  ) {}

  /**
   * One call of the black box.
   * @returns a probability map for each question, at its picture's own size. @throws BlackBoxError
   */
  async segment(questions: readonly Question[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    const subjects: Subject[] = [];
    try {
      for (const question of questions) subjects.push(this.#prepare(question));
      const queries = questions.map(({ image, prompt, adapted }, i) => {
        const moved = scalePrompt(prompt, image, subjects[i].image);
        const query = { subject: subjects[i], point: pointOf(moved), prompt: moved };
        return adapted && this.decoder ? { ...query, theta: this.decoder.theta } : query;
      });
      // Without a decoder nothing is drawn, so none is needed.
      const maps = this.decoder
        ? await segmentPrompted(this.model, this.decoder.kind, queries, signal)
        : await this.model.segment(
            queries.map(({ subject }) => subject.image),
            queries.map(({ prompt }) => prompt),
            signal,
          );
      return maps.map((map, i) => resizeMap(map, questions[i].image.width, questions[i].image.height));
    } finally {
      for (const { prepared } of subjects) prepared.dispose();
    }
  }

  #prepare({ image, adapted }: Question): Subject {
    const { width, height } = caseSize(this.model.description, image);
    const square = () => resizeImage(image, DECODER_SIZE, DECODER_SIZE);
    const prepared = adapted && this.decoder ? this.decoder.kind.prepare(square()) : NOTHING;
    return { image: resizeImage(image, width, height), prepared };
  }
}

const NOTHING = { bytes: 0, dispose: () => {} };

/** Where the decoder is told that the click was: the first on what is sought, else the middle of the box. */
function pointOf({ points, box }: Prompt): PromptPoint {
  const click = points.find(({ label }) => label === 1) ?? (box ? undefined : points[0]);
  if (click) return click;
  const { left = 0, top = 0, right = 0, bottom = 0 } = box ?? {};
  return { x: (left + right) / 2, y: (top + bottom) / 2, label: 1 };
}

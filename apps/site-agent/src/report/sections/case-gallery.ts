import type { CasePictures, ChosenCase } from "../cases.js";
import { type Html, html, pngAddress } from "../html.js";
import { signed } from "../words.js";

export interface Gallery {
  readonly best: readonly ChosenCase[];
  readonly worst: readonly ChosenCase[];
  /** By image; a case without stands with its figures alone. */
  readonly pictures: ReadonlyMap<number, CasePictures>;
  /** What is to be said of pictures that are not there. */
  readonly note?: string | undefined;
}

export function casesSection({ best, worst, pictures, note }: Gallery, nameOf: (id: number) => string): Html {
  const adapted = best.some((one) => one.adapted);
  const list = (title: string, cases: readonly ChosenCase[]) =>
    cases.length > 0 &&
    html`<h3>${title}</h3>${cases.map((one) => oneCase(one, pictures.get(one.id), nameOf(one.id)))}`;
  return html`<section aria-labelledby="cases">
    <h2 id="cases">Best and worst cases</h2>
    <p class="note"><span class="swatch truth"></span> the truth, as this site marked it <span class="swatch answer"></span> the model's answer to the first click (white cross). ${
      adapted && "The visual prompt is shown with its contrast raised: grey means that nothing is added. "
    }The figures are means over all clicks of the image.</p>
    ${note !== undefined && html`<p class="note">${note}</p>`}
    ${list(adapted ? "Gained most" : "Highest Dice", best)}
    ${list(adapted ? "Gained least, or lost" : "Lowest Dice", worst)}
  </section>`;
}

function oneCase({ zeroShot, adapted }: ChosenCase, pictures: CasePictures | undefined, name: string): Html {
  const change = adapted
    ? `: Dice ${zeroShot.dice.toFixed(3)} to ${adapted.dice.toFixed(3)} (${signed(adapted.dice - zeroShot.dice)})`
    : `: Dice ${zeroShot.dice.toFixed(3)}`;
  return html`<article class="case"><h4>${name}${change}</h4>${pictures && tiles(pictures, name, zeroShot.dice, adapted?.dice)}</article>`;
}

function tiles(pictures: CasePictures, name: string, before: number, after: number | undefined): Html {
  const { width, height } = pictures;
  const tile = (bytes: Uint8Array | undefined, caption: string, alt: string) =>
    bytes &&
    html`<figure><img src="${pngAddress(bytes)}" width="${width}" height="${height}" alt="${alt}"><figcaption>${caption}</figcaption></figure>`;
  return html`<div class="tiles">
    ${tile(pictures.image, "image and click", `${name} with the click`)}
    ${tile(pictures.zeroShot, "zero-shot", `outlines of truth and zero-shot answer, Dice ${before.toFixed(3)}`)}
    ${tile(pictures.adapted, "adapted", `outlines of truth and adapted answer, Dice ${after?.toFixed(3) ?? ""}`)}
    ${tile(pictures.visualPrompt, "visual prompt", "what is added to the image before the model sees it")}
  </div>`;
}

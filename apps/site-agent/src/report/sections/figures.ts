import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { scatter, sortedDice } from "../charts/scatter.js";
import { type Html, html } from "../html.js";
import type { TestScores } from "../results-file.js";
import type { Comparison } from "../statistics.js";
import { interval, pText, signed } from "../words.js";

const DIGITS = { Dice: 3, IoU: 3, HD95: 1 } as const;

/** The measures, before and after. */
export function figuresSection(comparisons: readonly Comparison[], clicks: number | undefined): Html {
  const adapted = comparisons.some((comparison) => comparison.adapted);
  const alone = comparisons.some((comparison) => comparison.reference);
  return html`<section aria-labelledby="figures">
    <h2 id="figures">Figures on the test images</h2>
    <div class="wide" tabindex="0" role="group" aria-labelledby="figures"><table>
      <thead><tr><th scope="col">measure</th><th scope="col" class="n">zero-shot</th>${adapted && html`<th scope="col" class="n">adapted</th>`}${
        alone && html`<th scope="col" class="n">network alone</th>`
      }${adapted && html`<th scope="col" class="n">difference</th><th scope="col" class="n">test</th>`}</tr></thead>
      <tbody>${comparisons.map((comparison) => row(comparison, { adapted, alone }))}</tbody>
    </table></div>
    ${alone && html`<p class="note">Network alone: ${NETWORK_ALONE}</p>`}
    <p class="note">Means over the images, with 95 % intervals (percentile bootstrap over images, 2,000 resamples)${
      adapted &&
      ". Differences are of adapted and zero-shot, paired by image; the test is Wilcoxon's signed-rank test, two-sided"
    }. ${clicks !== undefined && `Each image was asked about with ${clicks === 1 ? "one simulated click" : `${clicks} simulated clicks, one at a time`}. `}Dice and IoU: 1 is perfect. HD95 is the distance that 95 % of the outline keeps to, in pixels: 0 is perfect.</p>
  </section>`;
}

/** What the third column is. */
const NETWORK_ALONE =
  "a small network that comes with this program, trained further on this site's labels alone: without the black box, " +
  "without other sites and without a query, and given the same clicks. What the black box does better than it is what the " +
  "black box adds.";

function row(
  { metric, lower, zeroShot, adapted, reference, difference, p }: Comparison,
  columns: { readonly adapted: boolean; readonly alone: boolean },
): Html {
  const digits = DIGITS[metric];
  const cell = (estimate: Comparison["adapted"]) =>
    estimate
      ? html`<td class="n">${estimate.mean.toFixed(digits)}<br><span class="note">${interval(estimate, digits)}</span></td>`
      : html`<td></td>`;
  const better = difference && (lower ? difference.mean < 0 : difference.mean > 0);
  return html`<tr><th scope="row">${metric}${lower ? " (less is better)" : ""}</th>${cell(zeroShot)}${
    columns.adapted && cell(adapted)
  }${columns.alone && cell(reference)}${
    columns.adapted &&
    (difference && p !== undefined
      ? html`<td class="n"><span class="${better ? "good" : "bad"}">${signed(difference.mean, digits)}</span><br><span class="note">${interval(difference, digits, true)}</span></td><td class="n">${pText(p)}</td>`
      : html`<td></td><td></td>`)
  }</tr>`;
}

/** Every test image as a point. */
export function imagesSection(
  zeroShot: readonly ImageScore[],
  adapted: readonly ImageScore[] | null,
  nameOf: (id: number) => string,
): Html {
  return html`<section aria-labelledby="images">
    <h2 id="images">Image by image</h2>
    ${adapted ? scatter(zeroShot, adapted, nameOf) : sortedDice(zeroShot, nameOf)}
    <p class="note">${adapted ? "A point is a test image. Above the dashed line the adapted answer is better." : "A point is a test image."} All figures stand in the table at the end.</p>
  </section>`;
}

/** All test images, at the end of the page. */
export function tableSection({ zeroShot, adapted, reference }: TestScores, nameOf: (id: number) => string): Html {
  return html`<section aria-labelledby="table">
    <h2 id="table">All test images</h2>
    <div class="wide" tabindex="0" role="group" aria-labelledby="table"><table>
      <thead><tr><th scope="col">image</th><th scope="col" class="n">Dice zero-shot</th>${
        adapted && html`<th scope="col" class="n">Dice adapted</th><th scope="col" class="n">difference</th>`
      }${reference && html`<th scope="col" class="n">Dice alone</th>`}<th scope="col" class="n">HD95 zero-shot</th>${
        adapted && html`<th scope="col" class="n">HD95 adapted</th>`
      }${reference && html`<th scope="col" class="n">HD95 alone</th>`}</tr></thead>
      <tbody>${zeroShot.map((before, i) => {
        const after = adapted?.[i];
        const alone = reference?.[i];
        const change = after ? after.dice - before.dice : 0;
        return html`<tr><th scope="row">${nameOf(before.id)}</th><td class="n">${before.dice.toFixed(3)}</td>${
          after &&
          html`<td class="n">${after.dice.toFixed(3)}</td><td class="n"><span class="${change > 0 ? "good" : change < 0 ? "bad" : ""}">${signed(change)}</span></td>`
        }${alone && html`<td class="n">${alone.dice.toFixed(3)}</td>`}${[before, after, alone].map(
          (score) => score && html`<td class="n">${score.hd95?.toFixed(1) ?? ""}</td>`,
        )}</tr>`;
      })}</tbody>
    </table></div>
  </section>`;
}

import { queriesOf } from "@fedbaps/core/blackbox/metered.js";
import { meanDice } from "@fedbaps/core/training/evaluate.js";
import { type Html, html } from "../html.js";
import { notEnough } from "../not-shown.js";
import { aloneIsBetter, CHANCE } from "../reference.js";
import type { ReportData } from "../report-data.js";
import { type Comparison, lead, type Outcomes } from "../statistics.js";
import { count, grouped, interval, pText, signed } from "../words.js";

/** In use, zero-shot, or under way, in a few words. */
export function stateOf({ finished, version }: ReportData): { readonly text: string; readonly good: boolean } {
  if (!finished) return { text: "under way: the end has not been measured yet", good: false };
  return version > 0
    ? { text: `the adapted decoder is in use (version ${version})`, good: true }
    : { text: "stays with the plain model (zero-shot)", good: false };
}

/**
 * What was done and what came of it, for somebody who reads nothing else.
 * @param worst where on the page the worst images are
 */
export function summary(
  data: ReportData,
  comparisons: readonly Comparison[],
  outcomes: Outcomes | undefined,
  worst: string,
): Html {
  return html`<div class="summary">
    <p>${whatWasDone(data)}</p>
    ${whatCame(data, comparisons, outcomes, worst).map((sentence) => html`<p>${sentence}</p>`)}
    ${networkAlone(data, comparisons).map((sentence) => html`<p>${sentence}</p>`)}
    <p>${whyDeployed(data)}</p>
  </div>`;
}

function whatWasDone({ kind, settings, images, meter, participation, finished }: ReportData): string {
  const own = images ? `${count(images.train, "image")} of this site` : "images of this site";
  const verb = finished ? "was trained" : "is being trained";
  const trained =
    kind === "local"
      ? `A small decoder ${verb} on ${own}, and on nothing else`
      : `A small decoder ${verb} on ${own}, together with other sites${cohortWords(participation)}: only encrypted sums became known`;
  const asked = `The segmentation model itself stayed closed: it was asked ${grouped(queriesOf(meter))} times${
    settings ? ` of at most ${grouped(settings.budget)}` : ""
  }.`;
  return `${trained}. ${whatIsDrawn(settings)} ${asked}`;
}

function whatIsDrawn(settings: ReportData["settings"]): string {
  return settings?.decoder === "texture"
    ? "For an image and a click it marks where it takes the object to be: it paints one texture there and another elsewhere, over the copy of the image that the model sees."
    : "For an image and a click it draws a faint picture, the visual prompt, which is added to the image before the model sees it.";
}

function cohortWords(participation: ReportData["participation"]): string {
  const sizes = participation.map(({ survivors }) => survivors.length);
  if (sizes.length === 0) return "";
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  return least === most ? ` (${most} in every sum)` : ` (${least} to ${most} in a sum)`;
}

function whatCame(
  data: ReportData,
  comparisons: readonly Comparison[],
  outcomes: Outcomes | undefined,
  worst: string,
): string[] {
  const dice = comparisons.find(({ metric }) => metric === "Dice");
  if (!data.finished || !dice || !data.test)
    return ["The test images have not been measured yet: they are kept for the end."];
  const on = `On ${count(data.test.zeroShot.length, "test image")} that took no part in the training`;
  if (!dice.adapted || !dice.difference || dice.p === undefined)
    return [
      `${on} the plain model reaches a Dice of ${dice.zeroShot.mean.toFixed(3)} (95 % interval ${interval(dice.zeroShot, 3)}).`,
    ];
  const figures =
    `${on} the plain model reaches a Dice of ${dice.zeroShot.mean.toFixed(3)}, the adapted one ${dice.adapted.mean.toFixed(3)}: ` +
    `a difference of ${signed(dice.difference.mean)} (95 % interval ${interval(dice.difference, 3, true)}; ${pText(dice.p)}).`;
  const each = outcomes
    ? ` ${count(outcomes.better, "image")} became better, ${outcomes.worse} worse${outcomes.equal > 0 ? `, ${outcomes.equal} stayed the same` : ""}.`
    : "";
  return [figures + each, chanceWords(dice.difference.mean, dice.p, worst)];
}

/** What the test allows to say, and no more. */
function chanceWords(difference: number, p: number, worst: string): string {
  if (p >= CHANCE)
    return difference < 0
      ? `With these images the difference may be chance, but it points the wrong way: look at ${worst}.`
      : "With these images the difference may be chance.";
  return difference > 0
    ? "A gain like this would be rare if adaptation had no effect."
    : `On these images the adapted model is worse than would be expected by chance: the validation images that decided were not like them. Have a look at ${worst} before using it.`;
}

/** What a small network does without the black box, and what that says of the black box. */
function networkAlone({ test, settings }: ReportData, comparisons: readonly Comparison[]): string[] {
  const alone = comparisons.find(({ metric }) => metric === "Dice")?.reference;
  if (!test?.reference || !alone) return [];
  const paired = lead(test.reference, test.adapted ?? test.zeroShot, settings?.seed ?? 0);
  const { difference, p } = paired;
  const blackBox = `${test.adapted ? "adapted" : "plain"} black box`;
  const gap = Math.abs(difference.mean).toFixed(3);
  const figures =
    "For comparison, a small network was trained on this site's labels alone, without the black box: it reaches " +
    `a Dice of ${alone.mean.toFixed(3)} (95 % interval ${interval(alone, 3)})`;
  const better = aloneIsBetter(paired, test.adapted !== null);
  if (better !== undefined) return [`${figures}, ${gap} more than the ${blackBox} (${pText(p)}).`, better];
  if (difference.mean === 0) return [`${figures}, as much as the ${blackBox}.`];
  const chance = p >= CHANCE ? " With these images the difference may be chance." : "";
  return [`${figures}, ${gap} less than the ${blackBox} (${pText(p)}).${chance}`];
}

function whyDeployed({ finished, version, validation, kind, curve }: ReportData): string {
  if (!validation || validation.zeroShot.length === 0) return "Nothing has been measured on the validation images yet.";
  const [before, best] = [meanDice(validation.zeroShot), meanDice(validation.best)];
  const on = `on ${count(validation.zeroShot.length, "validation image")}`;
  const more = kind === "study" ? "This site decides for itself. " : "";
  if (!finished)
    return version > 0
      ? `So far version ${version} would be used: it was shown to be better than zero-shot ${on}, Dice ${best.toFixed(3)} against ${before.toFixed(3)}.`
      : `So far no version was shown to be better than zero-shot ${on} (Dice ${before.toFixed(3)}).`;
  const higher = notEnough(curve);
  return version > 0
    ? `${more}Version ${version} is in use because it was shown to be better than zero-shot ${on}: Dice ${best.toFixed(3)} against ${before.toFixed(3)}.`
    : `${more}No version was shown to be better than zero-shot ${on} (Dice ${before.toFixed(3)}), so the plain model stays in use and nothing has become worse.${higher === undefined ? "" : ` There ${higher}.`}`;
}

import type { Prediction } from "./ledger.js";
import type { Outcome } from "./run.js";

/** For machines; names files, as the person named them. */
export function outcomeJson({ out, pictures, unlisted, result, decoder, blackbox, queries }: Outcome): unknown {
  const { adapted, reason } = decoder;
  return {
    pictures,
    segmented: result.predictions.length - result.kept,
    kept: result.kept,
    failed: result.failed.length,
    withoutPrompt: unlisted,
    queries,
    decoder: {
      used: result.predictions.some((prediction) => prediction.decoder === "adapted"),
      reason,
      ...(adapted
        ? {
            file: adapted.file,
            kind: adapted.provenance.decoder,
            study: adapted.provenance.study,
            version: adapted.provenance.version,
          }
        : {}),
    },
    blackbox: { name: blackbox.name, identity: blackbox.identity },
    out,
    predictions: result.predictions.map(
      ({
        image,
        place,
        object,
        decoder: used,
        reason: why,
        mask,
        overlay,
        probability,
        segmentation,
        width,
        height,
        inside,
      }) => ({
        image,
        ...(place === "" ? {} : { place }),
        ...(object === null ? {} : { object }),
        decoder: used,
        reason: why,
        mask,
        overlay,
        probability,
        ...(segmentation === null ? {} : { segmentation }),
        width,
        height,
        insidePixels: inside,
        insideShare: inside / (width * height),
      }),
    ),
    failures: result.failed.map(({ image, code, message }) => ({ image, code, message })),
  };
}

/** For a person. */
export function outcomeText({ out, unlisted, result, decoder, queries }: Outcome): string {
  const { predictions, kept } = result;
  const lines: string[] = [];
  if (predictions.length === 1) lines.push(oneLine(predictions[0]));
  if (predictions.length > 0) lines.push(...usedLines(predictions, decoder.reason));
  const count = predictions.length - kept;
  const masks = `${count} ${count === 1 ? "mask" : "masks"} in ${out}`;
  lines.push(
    `${masks}, ${queries} ${queries === 1 ? "query" : "queries"}${kept > 0 ? `; ${kept} kept from before` : ""}`,
  );
  if (unlisted > 0) lines.push(`${unlisted} ${unlisted === 1 ? "picture has" : "pictures have"} no prompt in the list`);
  const dicom = predictions.filter(({ segmentation }) => segmentation !== null).length;
  if (dicom > 0) lines.push("DICOM segmentations refer to the patient's study: they are for this site's archive only");
  return `${lines.join("\n")}\n`;
}

function oneLine({ mask, inside, width, height }: Prediction): string {
  const share = ((100 * inside) / (width * height)).toFixed(1);
  return inside === 0
    ? `${mask}: nothing was found there; try another point`
    : `${mask}: ${inside} pixels inside (${share} %)`;
}

/** Which answers are adapted, and why the others are not. */
function usedLines(predictions: readonly Prediction[], found: string): string[] {
  const counts = new Map<string, number>();
  for (const { decoder, reason } of predictions) {
    const words = decoder === "adapted" ? `adapted: ${found}` : `zero-shot: ${reason}`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return [...counts].map(([words, count]) => (counts.size === 1 ? words : `${count} ${words}`));
}

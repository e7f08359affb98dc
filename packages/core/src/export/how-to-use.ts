import type { DecoderProvenance } from "../decoder/decoder-file.js";
import type { Sizing } from "../training/cases.js";
import { NODE_EXAMPLE, PYTHON_EXAMPLE } from "./examples.js";

const MARK = "<!-- fedbaps-export/1 -->";

export interface HowToUseInit {
  readonly provenance: DecoderProvenance;
  readonly sizing: Sizing;
  readonly producerVersion: string;
  /** Largest difference from the pipeline that was measured, in grey levels. */
  readonly worst: number;
}

/** Whether a text was written by `howToUse`. */
export function isHowToUse(text: string): boolean {
  return text.startsWith(MARK);
}

/** The text that goes with an export: what the files are, and how to use the graph from Python and Node. Markdown. */
export function howToUse({ provenance, sizing, producerVersion, worst }: HowToUseInit): string {
  const { study, version, decoder, blackbox, blackboxIdentity } = provenance;
  return `${MARK}
# How to use this decoder

\`visual-prompt.onnx\` takes a picture and a click and gives the picture with the visual prompt drawn on it. Show that picture, with the same click, to the segmentation model in the place of the original. The graph needs ONNX Runtime (1.12 or newer) or another runtime with ai.onnx opset 17, and nothing of FedBAPS. Look at the original yourself: visual prompts are for the model, and some cover the picture.

| | |
|---|---|
| decoder | ${decoder}, version ${version} of ${study === "local" ? "a local adaptation" : `the study ${study}`} |
| made for the black box | \`${blackbox}\`, identity \`${blackboxIdentity}\` |
| looks at pictures | ${sizeText(sizing)} |
| written by | FedBAPS ${producerVersion} |
| checked | against FedBAPS on drawn pictures of several sizes: at most ${worst.toExponential(1)} of 255 grey levels apart |

With another model, or another version of this one, nobody has measured whether it helps: measure before use. Research software, not a medical device.

## Inputs and outputs

All are float32. Pictures are RGB, 0 to 255, planes of rows from the top: [1, 3, height, width]. Points are (x, y) in pixels, x to the right, y down, 0 at the middle of the first pixel. Batch size is 1; repeat the grey channel three times for grey pictures.

| input | shape | what |
|---|---|---|
| \`image\` | [1, 3, H, W] | the picture, of any size |
| \`point_coords\` | [1, 1, 2] | the click, in pixels of \`image\` |
| \`point_labels\` | [1, 1] | 1: the click is on what is sought. With any other value nothing is drawn: the decoder is trained with such clicks only |

| output | shape | what |
|---|---|---|
| \`prompted_image\` | [1, 3, H, W] | the picture with the visual prompt, 0 to 255, at its own size: for a model that takes any size. The click stays where it was |
| \`blackbox_image\` | ${shownText(sizing)} | the same at the size at which the decoder was trained and measured with this black box: what FedBAPS shows to it |
| \`blackbox_point_coords\` | [1, 1, 2] | the click, in pixels of \`blackbox_image\` |
| \`visual_prompt\` | [1, 3, 128, 128] | the grey levels that are added, before they are enlarged |

Grey levels are not whole numbers. Hand them on as they are where you can; rounding to bytes changes each by half a grey level at most.

## Python

With onnxruntime, numpy and Pillow:

\`\`\`python
${PYTHON_EXAMPLE}\`\`\`

## Node

With onnxruntime-node and sharp, as \`example.mjs\`:

\`\`\`js
${NODE_EXAMPLE}\`\`\`

## The other file

\`decoder.safetensors\` holds the decoder's parameters by name, with the same facts in its metadata: for \`fedbaps-site evaluate --adapted\` and \`fedbaps-site export --decoder\`, and for readers of safetensors.

The parameters were made from images of those who took part. The files hold no image and no name of a site or file; still, handing them on is a decision of the sites.
`;
}

function sizeText({ geometry, nativeSize: { width, height } }: Sizing): string {
  return geometry === "stretch"
    ? `squeezed to ${width} x ${height} pixels`
    : `in their own proportions, at most ${width} x ${height} pixels, never enlarged`;
}

function shownText({ geometry, nativeSize: { width, height } }: Sizing): string {
  return geometry === "stretch"
    ? `[1, 3, ${height}, ${width}]`
    : `[1, 3, H', W'], H' at most ${height}, W' at most ${width}`;
}

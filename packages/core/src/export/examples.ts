/** Programs that use an exported graph without us; tests run them as they stand. Each ends with a line break. */

export const PYTHON_EXAMPLE = `import numpy as np
import onnxruntime
from PIL import Image

click = (120, 80)  # x, y
picture = Image.open("image.png").convert("RGB")
session = onnxruntime.InferenceSession("visual-prompt.onnx")
(prompted,) = session.run(
    ["prompted_image"],
    {
        "image": np.asarray(picture, np.float32).transpose(2, 0, 1)[None],
        "point_coords": np.array([[click]], np.float32),
        "point_labels": np.ones((1, 1), np.float32),
    },
)
pixels = prompted[0].round().astype(np.uint8).transpose(1, 2, 0)
Image.fromarray(pixels).save("prompted.png")
`;

export const NODE_EXAMPLE = `import * as ort from "onnxruntime-node";
import sharp from "sharp";

const click = [120, 80]; // x, y
const raw = sharp("image.png").removeAlpha().toColourspace("srgb").raw();
const { data, info } = await raw.toBuffer({ resolveWithObject: true });
const { width, height } = info;
const count = width * height;
const planes = Float32Array.from({ length: 3 * count }, (_, i) => data[3 * (i % count) + Math.floor(i / count)]);
const session = await ort.InferenceSession.create("visual-prompt.onnx");
const { prompted_image } = await session.run({
  image: new ort.Tensor("float32", planes, [1, 3, height, width]),
  point_coords: new ort.Tensor("float32", Float32Array.from(click), [1, 1, 2]),
  point_labels: new ort.Tensor("float32", Float32Array.of(1), [1, 1]),
});
const pixels = Buffer.from(data.map((_, i) => Math.round(prompted_image.data[(i % 3) * count + Math.floor(i / 3)])));
await sharp(pixels, { raw: { width, height, channels: 3 } }).png().toFile("prompted.png");
`;

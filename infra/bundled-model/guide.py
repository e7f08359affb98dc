# SPDX-License-Identifier: Apache-2.0
"""Exports the guide: what a second segmenter of ours sees of an image, for the head that sites train on their labels.

    /usr/bin/python3 guide.py WEIGHTS.pt [--out FILE.onnx]

How the weights are trained is in README.md. The guide must never be a black box that is adapted: its seed, and so its
weights, are not those of the bundled one.
"""

import argparse
import hashlib
import os
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import prompts
import scenes
from network import Segmenter

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_OUT = os.path.join(HERE, "..", "..", "packages", "core", "models", "guide-128.onnx")
SIDE = 64
SCENES = 240
SEED = 2_000_002


class Guide(nn.Module):
    """image [B,3,128,128] 0..255, one click -> logits [B,64,64], features [B,64,64,102] of about unit spread.

    Features, in order: the logit; 28 and 64 channels of the two finest levels of the decoder that fit the grid; the
    colours; the way to the click (x, y, length) and to the middle of the image (x, y, length), in half widths.
    """

    def __init__(self, segmenter, mean=None, spread=None):
        super().__init__()
        self.segmenter = segmenter
        self.register_buffer("mean", torch.zeros(1) if mean is None else mean)
        self.register_buffer("spread", torch.ones(1) if spread is None else spread)

    def forward(self, image, point_coords, point_labels):
        s = self.segmenter
        scaled = (image - 127.5) * (1 / 64)
        u0, u1, u2 = s.levels(scaled, point_coords, point_labels)
        logit = F.avg_pool2d(s.head(u0).clamp(-9.2, 9.2), 2)
        raw = torch.cat([logit, u1, s._grow(u2), F.avg_pool2d(scaled, 2), self.places(point_coords)], 1)
        features = (raw.permute(0, 2, 3, 1) - self.mean) / self.spread
        return logit[:, 0], features

    @staticmethod
    def places(coords):
        at = torch.arange(SIDE, dtype=torch.float32) * 2 + 0.5
        x = at[None, None, None, :].expand(1, 1, SIDE, SIDE)
        y = at[None, None, :, None].expand(1, 1, SIDE, SIDE)
        dx, dy = (x - coords[:, :1, 0, None, None]) / 64, (y - coords[:, :1, 1, None, None]) / 64
        zero = dx * 0
        cx, cy = (x - 63.5) / 64 + zero, (y - 63.5) / 64 + zero
        return torch.cat([dx, dy, torch.sqrt(dx * dx + dy * dy), cx, cy, torch.sqrt(cx * cx + cy * cy)], 1)


@torch.no_grad()
def statistics(guide):
    """Mean and spread of every feature over drawn scenes that the weights were not trained on."""
    drawn, rng, rows = scenes.pool(SCENES, SEED), np.random.default_rng([SEED, 1]), []
    for _ in range(SCENES // 20):
        image, coords, kinds, _ = prompts.batch(rng, *drawn, 20, augment=False,
                                                make=lambda r, mask: prompts.click(r, mask, 1))
        coords, kinds = torch.from_numpy(coords)[:, :1], torch.from_numpy(kinds)[:, :1]
        rows.append(guide(torch.from_numpy(image), coords, kinds)[1].reshape(-1, guide_width()))
    values = torch.cat(rows).double()
    return values.mean(0).float(), values.std(0).clamp(min=1e-2).float()


def guide_width():
    return 1 + 28 + 64 + 3 + 6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", help="the PyTorch weights that train.py kept")
    parser.add_argument("--out", default=os.path.normpath(DEFAULT_OUT), help="the ONNX file to write")
    options = parser.parse_args()
    torch.set_num_threads(1)
    segmenter = Segmenter()
    segmenter.load_state_dict(torch.load(options.weights))
    segmenter.eval()
    guide = Guide(segmenter, *statistics(Guide(segmenter).eval())).eval()
    example = (torch.zeros(2, 3, 128, 128), torch.zeros(2, 1, 2), torch.ones(2, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's remarks on its own shape inference
        torch.onnx.export(guide, example, options.out, opset_version=13, do_constant_folding=True,
                          input_names=["image", "point_coords", "point_labels"], output_names=["logits", "features"],
                          dynamic_axes={name: {0: "B"} for name in
                                        ("image", "point_coords", "point_labels", "logits", "features")})
    with open(options.out, "rb") as file:
        data = file.read()
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.splitext(options.out)[0] + ".sha256", "w", encoding="ascii") as file:
        file.write(f"{digest}  {os.path.basename(options.out)}\n")
    print(f"wrote {options.out}: {len(data)} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()

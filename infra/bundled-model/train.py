# SPDX-License-Identifier: Apache-2.0
"""Trains the bundled segmenter on drawn scenes and exports it to ONNX.

    /usr/bin/python3 train.py [--minutes M | --steps N] [--seed S] [--out FILE.onnx]
    /usr/bin/python3 train.py --guide-from WEIGHTS.pt --steps N --seed S --out FILE.onnx --weights MORE.pt

Same seed, steps, scenes and kind of processor give the same weights. With
--minutes the number of steps is measured first, printed, and can be given back
as --steps to repeat the run.
"""

import argparse
import hashlib
import json
import math
import os
import sys
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F

import looks
import prompts
import scenes
from network import Segmenter

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_OUT = os.path.join(HERE, "..", "..", "packages", "core", "models", "bundled-seg-128.onnx")
LARGEST_BYTES = 4_000_000
SMALL_SHARE = 0.5  # of the steps run on 64 x 64 pixels, where a sample costs a quarter
BATCH = {64: 24, 128: 12}
PEAK_RATE = 3e-3
GUIDE_RATE = 1e-3  # what is known already is to be kept
HELD_OUT_SCENES = 300


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def tensors(arrays, size=scenes.SIZE):
    image, coords, kinds, mask = (torch.from_numpy(a) for a in arrays)
    if size != scenes.SIZE:
        factor = scenes.SIZE // size
        image, mask = F.avg_pool2d(image, factor), F.avg_pool2d(mask, factor)
        coords = (coords + 0.5) / factor - 0.5  # pixel centres
    return image.contiguous(memory_format=torch.channels_last), coords, kinds, mask


def loss_of(logits, mask):
    """Cross-entropy plus soft Dice, per image."""
    entropy = F.binary_cross_entropy_with_logits(logits, mask)
    p = torch.sigmoid(logits)
    overlap = (p * mask).sum((1, 2, 3))
    dice = (2 * overlap + 1) / (p.sum((1, 2, 3)) + mask.sum((1, 2, 3)) + 1)
    return entropy + 1 - dice.mean()


def rate(progress, peak=PEAK_RATE):
    """Short warm-up, then a cosine to nearly nothing."""
    warm = 0.04
    if progress < warm:
        return peak * (0.1 + 0.9 * progress / warm)
    return peak * (0.003 + 0.997 * 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm))))


def one_click(rng, mask):
    return prompts.click(rng, mask, 1)


def train_step(model, optimiser, rng, drawn, size, **samples):
    image, coords, kinds, mask = tensors(prompts.batch(rng, *drawn, BATCH[size], **samples), size)
    loss = loss_of(model(image, coords, kinds), mask)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimiser.step()
    return loss.item()


def steps_in(minutes, drawn, seed):
    """How many steps fit: times a few of each size on a throw-away copy."""
    torch.manual_seed(seed)
    model, rng, seconds = fresh_model(), np.random.default_rng(0), 0.0
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    for size, share in ((64, SMALL_SHARE), (128, 1 - SMALL_SHARE)):
        train_step(model, optimiser, rng, drawn, size)
        start = time.time()
        for _ in range(6):
            train_step(model, optimiser, rng, drawn, size)
        seconds += share * (time.time() - start) / 6
    return max(50, int(minutes * 60 / seconds))


def fresh_model():
    return Segmenter().to(memory_format=torch.channels_last).train()


@torch.no_grad()
def held_out_dice(model, drawn, seed, count=400):
    """Mean Dice at logit 0 on held-out scenes for each kind of prompt."""
    model.eval()
    makes = {"1 click": one_click,
             "3 clicks": lambda rng, mask: prompts.click(rng, mask, 3),
             "box": lambda rng, mask: prompts.box(rng, mask, 0.0)}
    result = {}
    for name, make in makes.items():
        rng, values = np.random.default_rng([seed, 7]), []
        for _ in range(count // 20):
            image, coords, kinds, mask = tensors(prompts.batch(rng, *drawn, 20, augment=False, make=make))
            found = (model(image, coords, kinds) > 0).float()
            values += (2 * (found * mask).sum((1, 2, 3)) / (found.sum((1, 2, 3)) + mask.sum((1, 2, 3)))).tolist()
        result[name] = round(float(np.mean(values)), 4)
    model.train()
    return result


def export(model, path):
    """Writes the ONNX file and its hash beside it; refuses one that is too large."""
    model.eval()
    example = (torch.zeros(2, 3, scenes.SIZE, scenes.SIZE), torch.zeros(2, 3, 2), torch.ones(2, 3))
    partial = path + ".partial"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's remarks on its own shape inference
        torch.onnx.export(model, example, partial, opset_version=13, do_constant_folding=True,
                          input_names=["image", "point_coords", "point_labels"], output_names=["masks"],
                          dynamic_axes={"image": {0: "B"}, "point_coords": {0: "B", 1: "N"},
                                        "point_labels": {0: "B", 1: "N"}, "masks": {0: "B"}})
    model.train()
    with open(partial, "rb") as file:
        data = file.read()
    if len(data) > LARGEST_BYTES:
        os.remove(partial)
        sys.exit(f"train.py: the model has {len(data)} bytes, more than {LARGEST_BYTES}; use narrower layers")
    os.replace(partial, path)
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.splitext(path)[0] + ".sha256", "w", encoding="ascii") as file:
        file.write(f"{digest}  {os.path.basename(path)}\n")
    return len(data), digest


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=25, help="wall time of the training loop (default 25)")
    parser.add_argument("--steps", type=int, help="number of steps, instead of --minutes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenes", type=int, default=9000, help="scenes to draw (64 KB of memory each)")
    parser.add_argument("--out", default=os.path.normpath(DEFAULT_OUT), help="the ONNX file to write")
    parser.add_argument("--weights", help="also keep the PyTorch weights in this file")
    parser.add_argument("--guide-from", help="go on from these weights, at full size, for what a guide is asked: one "
                                             "click, pictures of any look")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    os.makedirs(os.path.dirname(os.path.abspath(options.out)), exist_ok=True)

    say(f"drawing {options.scenes} scenes to train on and {HELD_OUT_SCENES} to measure on")
    drawn = scenes.pool(options.scenes, options.seed, lambda n: say(f"  {n} drawn"))
    held_out = scenes.pool(HELD_OUT_SCENES, options.seed + 1_000_000)

    steps = options.steps or steps_in(options.minutes, drawn, options.seed)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng([options.seed, 1])
    model = fresh_model()
    peak, small_share, samples = PEAK_RATE, SMALL_SHARE, {}
    if options.guide_from:
        model.load_state_dict(torch.load(options.guide_from))
        peak, small_share, samples = GUIDE_RATE, 0, {"make": one_click, "dress": looks.look}
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.02)
    weights = sum(p.numel() for p in model.parameters())
    say(f"training {weights} weights for {steps} steps on {options.threads} thread(s)")

    start, recent = time.time(), []
    for step in range(steps):
        size = 64 if step < small_share * steps else 128
        for group in optimiser.param_groups:
            group["lr"] = rate(step / steps, peak)
        recent.append(train_step(model, optimiser, rng, drawn, size, **samples))
        if (step + 1) % max(1, steps // 60) == 0:
            minutes = (time.time() - start) / 60
            say(f"step {step + 1}/{steps}  {size} px  loss {np.mean(recent):.4f}  {minutes:.1f} min")
            recent = []
        if (step + 1) % max(1, steps // 8) == 0 and step + 1 < steps:
            export(model, options.out)
            say(f"  held-out Dice {json.dumps(held_out_dice(model, held_out, options.seed, 200))}  (written)")

    size, digest = export(model, options.out)
    if options.weights:
        torch.save(model.state_dict(), options.weights)
    figures = held_out_dice(model, held_out, options.seed)
    say(f"held-out Dice {json.dumps(figures)}")
    say(f"wrote {options.out}: {size} bytes, sha256 {digest}")
    say(f"to repeat: --steps {steps} --seed {options.seed} --scenes {options.scenes}")


if __name__ == "__main__":
    main()

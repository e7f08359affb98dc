# SPDX-License-Identifier: Apache-2.0
"""Training samples: an object of a scene, seen some way round, and a prompt for it."""

import numpy as np

from network import BACKGROUND, BOTTOM_RIGHT, FOREGROUND, PADDING, TOP_LEFT
from scenes import SIZE, objects

SLOTS = 6  # prompts a sample can hold; the rest is padding


def inside(rng, mask, count):
    """`count` pixels drawn uniformly from a mask, as (x, y)."""
    places = np.flatnonzero(mask)
    chosen = places[rng.integers(len(places), size=count)]
    return np.stack([chosen % mask.shape[1], chosen // mask.shape[1]], 1).astype(np.float32)


def bounds(mask):
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([xs[0], ys[0], xs[-1], ys[-1]], np.float32)


def click(rng, mask, foreground, background=0):
    """Foreground clicks in the mask and background clicks outside it, half of those close by."""
    points = [(p, FOREGROUND) for p in inside(rng, mask, foreground)]
    if background and not mask.all():
        x0, y0, x1, y1 = bounds(mask).astype(int)
        close = np.zeros_like(mask)
        close[max(0, y0 - 12):y1 + 13, max(0, x0 - 12):x1 + 13] = True
        close &= ~mask
        for _ in range(background):
            where = close if close.any() and rng.random() < 0.5 else ~mask
            points.append((inside(rng, where, 1)[0], BACKGROUND))
    return points


def box(rng, mask, slack):
    """The corners of the mask's box, each side off by up to `slack` of its length."""
    x0, y0, x1, y1 = bounds(mask)
    dx, dy = slack * (x1 - x0 + 1), slack * (y1 - y0 + 1)
    jitter = rng.uniform(-1, 1, 4) * [dx, dy, dx, dy]
    corners = np.clip(np.array([x0, y0, x1, y1]) + jitter, 0, SIZE - 1).astype(np.float32)
    return [(corners[:2], TOP_LEFT), (corners[2:], BOTTOM_RIGHT)]


def prompt(rng, mask):
    """Mostly one click, sometimes several, sometimes a box."""
    kind = rng.random()
    if kind < 0.62:
        return click(rng, mask, 1)
    if kind < 0.82:
        return click(rng, mask, int(rng.integers(1, 4)), int(rng.integers(0, 4)))
    return box(rng, mask, 0.06) + (click(rng, mask, 1) if rng.random() < 0.3 else [])


def zoomed(rng, image, labels):
    """Sometimes a crop of the scene, enlarged (nearest pixels: the edge may be rough)."""
    if rng.random() > 0.3:
        return image, labels
    side = int(rng.integers(72, SIZE))
    y, x = rng.integers(0, SIZE - side + 1, 2)
    index = (np.arange(SIZE) * side) // SIZE
    window = np.ix_(index + y, index + x)
    return image[window], labels[window]


def turned(rng, image, labels):
    """One of the eight ways to turn and mirror a square."""
    quarter = int(rng.integers(4))
    image, labels = np.rot90(image, quarter), np.rot90(labels, quarter)
    if rng.random() < 0.5:
        image, labels = image[:, ::-1], labels[:, ::-1]
    return image, labels


def sample(rng, images, labels, augment=True, make=prompt, dress=None):
    """One (image, coords, point labels, mask); the look of the image stays as drawn, unless `dress` changes it."""
    while True:
        i = int(rng.integers(len(images)))
        image, parts = images[i], labels[i]
        if augment:
            image, parts = turned(rng, *zoomed(rng, image, parts))
        known = objects(parts)
        if not known:
            continue
        target = known[int(rng.integers(len(known)))]
        if augment and rng.random() < 0.05 and (parts == 0).sum() > 2000:
            target = 0  # the ground itself can be asked for
        mask = parts == target
        coords = np.zeros((SLOTS, 2), np.float32)
        kinds = np.full(SLOTS, PADDING, np.float32)
        for slot, (place, kind) in enumerate(make(rng, mask)):
            coords[slot], kinds[slot] = place, kind
        return dress(rng, image) if dress else image, coords, kinds, mask


def batch(rng, images, labels, size, **options):
    """Samples stacked to float arrays in the order of the network's inputs."""
    drawn = [sample(rng, images, labels, **options) for _ in range(size)]
    image, coords, kinds, mask = (np.stack(part) for part in zip(*drawn))
    return (np.ascontiguousarray(image.transpose(0, 3, 1, 2), np.float32), coords, kinds,
            mask[:, None].astype(np.float32))

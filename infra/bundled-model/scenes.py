# SPDX-License-Identifier: Apache-2.0
"""Synthetic scenes: an RGB image and the map of its visible objects.

Everything the bundled model ever sees in training is drawn here from random
numbers; no photograph, no medical image and no third-party texture is used.

A scene is a pair (image uint8 [S,S,3], labels uint8 [S,S]); label 0 is the
background and k > 0 the visible part of object k.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 128
YY, XX = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)


# --- noise -----------------------------------------------------------------

def noise(rng, cells, cells_x=None):
    """Smooth noise of zero mean and unit deviation, `cells` waves high."""
    cells_x = cells_x or cells
    coarse = rng.standard_normal((cells + 1, cells_x + 1)).astype(np.float32)
    field = np.asarray(Image.fromarray(coarse).resize((SIZE, SIZE), Image.BICUBIC))
    return (field - field.mean()) / (field.std() + 1e-6)


def texture(rng, roughness=None):
    """A sum of octaves; `roughness` weighs the fine ones against the coarse."""
    roughness = rng.uniform(0.35, 1.0) if roughness is None else roughness
    total, weight = np.zeros((SIZE, SIZE), np.float32), 1.0
    for cells in (2, 5, 11, 24, 52):
        if rng.random() < 0.75:
            stretch = int(np.clip(cells * rng.choice([1, 1, 1, 0.4, 2.5]), 1, 100))
            total += weight * noise(rng, cells, stretch)
        weight *= roughness
    return total / (total.std() + 1e-6)


def stripes(rng):
    """Warped bands, as in folds, layers or fabric."""
    angle = rng.uniform(0, np.pi)
    along = np.cos(angle) * XX + np.sin(angle) * YY
    period = rng.uniform(8, 60)
    warp = rng.uniform(2, 14) * noise(rng, int(rng.integers(2, 6)))
    return np.sin(2 * np.pi * (along + warp) / period).astype(np.float32)


def speckle(rng, looks):
    """Multiplicative Rayleigh speckle with short correlation."""
    cells_y, cells_x = int(rng.integers(50, 120)), int(rng.integers(30, 90))
    real, imaginary = noise(rng, cells_y, cells_x), noise(rng, cells_y, cells_x)
    amplitude = np.sqrt(real ** 2 + imaginary ** 2) / 1.25
    return amplitude ** looks


# --- shapes ----------------------------------------------------------------

def blob(rng, centre, radius, wobble):
    """Signed depth in pixels (positive inside) of a harmonic outline."""
    aspect = np.exp(rng.uniform(-0.45, 0.45))
    turn = rng.uniform(0, np.pi)
    dx, dy = XX - centre[0], YY - centre[1]
    u = (np.cos(turn) * dx + np.sin(turn) * dy) / aspect
    v = (-np.sin(turn) * dx + np.cos(turn) * dy) * aspect
    theta, rho = np.arctan2(v, u), np.hypot(u, v)
    outline = np.ones_like(theta)
    for k in range(2, int(rng.integers(3, 10))):
        outline += wobble * rng.standard_normal() / k ** 0.8 * np.cos(k * theta + rng.uniform(0, 6.3))
    return radius * np.maximum(outline, 0.25) - rho


def polygon(rng, centre, radius):
    """Signed depth of a random polygon (only exact near the edge)."""
    corners = int(rng.integers(3, 9))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = radius * rng.uniform(0.6, 1.4, corners)
    points = [(4 * (centre[0] + r * np.cos(a)), 4 * (centre[1] + r * np.sin(a)))
              for a, r in zip(angles, reach)]
    canvas = Image.new("L", (4 * SIZE, 4 * SIZE))
    ImageDraw.Draw(canvas).polygon(points, fill=255)
    cover = np.asarray(canvas.resize((SIZE, SIZE), Image.BOX), np.float32) / 255
    return (cover - 0.5) * 2


def region(rng):
    """Signed depth of one side of a wavy line: a large, cut-off area."""
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * (XX - SIZE / 2) + np.sin(angle) * (YY - SIZE / 2)
    return along - rng.uniform(-5, 45) + rng.uniform(1, 9) * noise(rng, int(rng.integers(2, 7)))


def shape(rng, radius_range=(7, 50)):
    """A random shape anywhere in the image."""
    radius = np.exp(rng.uniform(*np.log(radius_range)))
    centre = rng.uniform(0.05, 0.95, 2) * SIZE
    kind = rng.random()
    if kind < 0.62:
        return blob(rng, centre, radius, rng.choice([0.0, 0.08, 0.2, 0.35]))
    if kind < 0.84:
        return polygon(rng, centre, radius)
    return region(rng)


def cover(depth, softness):
    """Opacity from signed depth: an edge about `softness` pixels wide."""
    return 1 / (1 + np.exp(-np.clip(depth / max(softness, 0.15) * 2, -30, 30)))


# --- surfaces --------------------------------------------------------------

def shaded(rng, base, strength, spread):
    """An RGB surface: one colour, texture, a gradient, some colour drift."""
    light = strength * texture(rng)
    if rng.random() < 0.3:
        light = light + strength * rng.uniform(0.5, 1.5) * stripes(rng)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (np.cos(angle) * (XX / SIZE - 0.5) + np.sin(angle) * (YY / SIZE - 0.5)).astype(np.float32)
    light = light + rng.uniform(0, 55) * ramp
    tint = 1 + spread * rng.standard_normal(3)
    surface = base + light[..., None] * tint
    if rng.random() < 0.5:
        drift = rng.standard_normal(3) * rng.uniform(0, 12)
        surface = surface + noise(rng, int(rng.integers(2, 5)))[..., None] * drift
    return surface.astype(np.float32)


def paint(image, opacity, surface):
    return image + opacity[..., None] * (surface - image)


def domed(rng, depth):
    """Lambertian light on a bump over the shape: bright side, dark side."""
    height = np.sqrt(np.maximum(depth, 0) + 0.5)
    gy, gx = np.gradient(height)
    angle = rng.uniform(0, 2 * np.pi)
    return np.clip(np.cos(angle) * gx + np.sin(angle) * gy, -1.2, 1.2).astype(np.float32)


# --- things that lie over a scene -------------------------------------------

def hairs(rng, image, count):
    """Thin dark or light curves."""
    scale = 3
    canvas = Image.new("L", (SIZE * scale, SIZE * scale))
    pen = ImageDraw.Draw(canvas)
    for _ in range(count):
        p = rng.uniform(-0.1, 1.1, (3, 2)) * SIZE * scale
        p[1] = (p[0] + p[2]) / 2 + rng.standard_normal(2) * 12 * scale
        t = np.linspace(0, 1, 24)[:, None]
        curve = (1 - t) ** 2 * p[0] + 2 * t * (1 - t) * p[1] + t ** 2 * p[2]
        pen.line([tuple(q) for q in curve], fill=int(rng.integers(120, 255)), width=int(rng.integers(1, 4)))
    opacity = np.asarray(canvas.resize((SIZE, SIZE), Image.BOX), np.float32) / 255
    tone = rng.uniform(10, 70) if rng.random() < 0.85 else rng.uniform(180, 240)
    return paint(image, opacity, np.full(3, tone, np.float32))


def highlights(rng, image, count, where=None):
    """Small saturated specular spots; `where` is an opacity that attracts them."""
    for _ in range(count):
        if where is not None and where.max() > 0.5 and rng.random() < 0.6:
            ys, xs = np.nonzero(where > 0.5)
            i = rng.integers(len(ys))
            centre = (xs[i], ys[i])
        else:
            centre = rng.uniform(0, SIZE, 2)
        spot = blob(rng, centre, rng.uniform(0.8, 4.5), 0.3)
        image = paint(image, cover(spot, 1.2) * rng.uniform(0.5, 1), np.full(3, rng.uniform(215, 255), np.float32))
    return image


def shadow(rng, image):
    """A soft darkening (or brightening) that is no object."""
    depth = blob(rng, rng.uniform(0, SIZE, 2), rng.uniform(15, 60), 0.2)
    return image * (1 + rng.uniform(-0.4, 0.2) * cover(depth, rng.uniform(8, 25)))[..., None]


def vignette(rng, image, strength):
    far = np.hypot(XX - SIZE * rng.uniform(0.4, 0.6), YY - SIZE * rng.uniform(0.4, 0.6)) / SIZE
    return image * (1 - strength * np.clip(far, 0, 0.75) ** 2 / 0.5)[..., None]


def frame(rng, image, labels):
    """A black surround, as of an endoscope or a dermatoscope."""
    inside = np.full((SIZE, SIZE), 1e3, np.float32)
    if rng.random() < 0.5:
        inside = rng.uniform(58, 88) - np.hypot(XX - SIZE / 2, YY - SIZE / 2)
    else:
        cut = rng.uniform(3, 40)
        inside = np.minimum(XX + YY, np.minimum(2 * SIZE - XX - YY, np.minimum(SIZE - XX + YY, SIZE + XX - YY))) - cut
        inside = np.minimum(inside, np.minimum(XX, SIZE - 1 - XX) - rng.uniform(-4, 8))
    seen = cover(inside, rng.uniform(0.5, 3))
    labels[seen < 0.5] = 0
    return paint(np.full_like(image, rng.uniform(0, 22)), seen, image)


def sensor(rng, image):
    """Blur, noise and 8 bits."""
    image = np.clip(image, 0, 255)
    if rng.random() < 0.5:
        soft = Image.fromarray(image.astype(np.uint8)).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6)))
        image = np.asarray(soft, np.float32)
    grain = rng.uniform(0, 9)
    image = image + grain * rng.standard_normal((SIZE, SIZE, 1 if rng.random() < 0.5 else 3))
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


# --- scenes ----------------------------------------------------------------

def colour(rng):
    """Any colour, greys more often than chance would have it."""
    base = rng.uniform(15, 240, 3)
    return base.mean() + (base - base.mean()) * rng.choice([0, 0.3, 0.6, 1.0])


def near(rng, base, least, most):
    """A colour whose difference from `base` is of a set length."""
    step = rng.standard_normal(3) * rng.choice([0.3, 1.0])
    step += rng.choice([-1, 1]) * rng.uniform(0.3, 1.5)
    return np.clip(base + step / np.linalg.norm(step) * np.exp(rng.uniform(*np.log((least, most)))) * 1.73, 5, 250)


def general(rng):
    """Textured objects on a textured ground, one over another."""
    ground = colour(rng)
    image = shaded(rng, ground, rng.uniform(2, 26), 0.2)
    labels = np.zeros((SIZE, SIZE), np.uint8)
    for k in range(1, int(rng.integers(2, 8))):
        depth = shape(rng)
        softness = rng.choice([0.3, 0.8, 2.0, 5.0])
        opacity = cover(depth, softness)
        base = near(rng, ground, 12, 90) if rng.random() < 0.75 else colour(rng)
        if rng.random() < 0.3:  # a cast shadow beside the object
            shift = rng.integers(-5, 6, 2)
            cast = cover(np.roll(depth, tuple(shift), (0, 1)), 4)
            image = image * (1 - rng.uniform(0.1, 0.45) * cast)[..., None]
        surface = shaded(rng, base, rng.uniform(2, 26), 0.2)
        if rng.random() < 0.35:
            surface = surface + (rng.uniform(10, 60) * domed(rng, depth))[..., None]
        image = paint(image, opacity, surface)
        labels[depth > 0] = k
    if rng.random() < 0.3:
        image = highlights(rng, image, int(rng.integers(1, 8)))
    return image, labels


def skin(rng):
    """Pale or brown ground with a darker, uneven spot, hairs and bubbles."""
    ground = np.array([rng.uniform(130, 240), 0, 0])
    ground[1] = ground[0] * rng.uniform(0.6, 0.95)
    ground[2] = ground[1] * rng.uniform(0.7, 1.1)
    image = shaded(rng, ground, rng.uniform(1, 9), 0.1)
    labels = np.zeros((SIZE, SIZE), np.uint8)
    spots = 1 if rng.random() < 0.8 else int(rng.integers(2, 5))
    for k in range(1, spots + 1):
        centre = SIZE / 2 + rng.standard_normal(2) * (14 if k == 1 else 35)
        radius = np.exp(rng.uniform(np.log(12), np.log(58))) if k == 1 else rng.uniform(4, 14)
        depth = blob(rng, centre, radius, rng.uniform(0.03, 0.22)) + rng.uniform(0, 2.5) * noise(rng, int(rng.integers(6, 30)))
        opacity = cover(depth, rng.uniform(0.8, 9))
        fall = rng.uniform(0.12, 0.75)  # how much darker than the ground
        base = ground * (1 - fall * np.array([0.8, 1.0, 1.05]) * rng.uniform(0.85, 1.1, 3))
        surface = shaded(rng, base, rng.uniform(3, 22), 0.15)
        for _ in range(int(rng.integers(0, 4))):  # darker or lighter parts, still the same lesion
            part = blob(rng, centre + rng.standard_normal(2) * radius * 0.5, radius * rng.uniform(0.2, 0.6), 0.25)
            surface = paint(surface, cover(part, rng.uniform(1, 6)), shaded(rng, np.clip(base * rng.uniform(0.45, 1.4), 5, 245), 8, 0.1))
        image = paint(image, opacity, surface)
        labels[depth > 0] = k
    if rng.random() < 0.45:
        image = hairs(rng, image, int(rng.integers(1, 22)))
    if rng.random() < 0.25:
        image = highlights(rng, image, int(rng.integers(1, 10)))
    return image, labels


def tissue(rng):
    """Reddish folded ground, bumps of nearly its colour, wet highlights."""
    ground = np.array([rng.uniform(110, 230), 0, 0])
    ground[1] = ground[0] * rng.uniform(0.3, 0.7)
    ground[2] = ground[1] * rng.uniform(0.5, 1.05)
    image = shaded(rng, ground, rng.uniform(4, 22), 0.12)
    for _ in range(int(rng.integers(0, 4))):  # folds: long ridges with a dark side, no objects
        fold = region(rng)
        ridge = np.exp(-(fold / rng.uniform(3, 12)) ** 2) * np.sign(fold + rng.uniform(-2, 2))
        image = image * (1 + rng.uniform(-0.3, 0.3) * ridge)[..., None]
    if rng.random() < 0.35:  # the dark way ahead
        hole = blob(rng, rng.uniform(0.1, 0.9, 2) * SIZE, rng.uniform(10, 35), 0.2)
        image = image * (1 - rng.uniform(0.4, 0.85) * cover(hole, rng.uniform(5, 25)))[..., None]
    labels = np.zeros((SIZE, SIZE), np.uint8)
    wet = np.zeros((SIZE, SIZE), np.float32)
    for k in range(1, 2 if rng.random() < 0.75 else 4):
        centre = rng.uniform(0.15, 0.85, 2) * SIZE
        radius = np.exp(rng.uniform(np.log(9), np.log(50)))
        depth = blob(rng, centre, radius, rng.uniform(0.02, 0.16))
        opacity = cover(depth, rng.uniform(0.6, 4))
        base = np.clip(ground * np.exp(rng.standard_normal() * 0.16) * (1 + 0.08 * rng.standard_normal(3)), 10, 250)
        surface = shaded(rng, base, rng.uniform(3, 18), 0.12)
        surface = surface + (rng.uniform(15, 85) * domed(rng, depth))[..., None]
        surface = surface * (1 + rng.uniform(0, 0.3) * np.clip(depth / radius, 0, 1))[..., None]
        rim = np.exp(-((depth + 2) / rng.uniform(1.5, 5)) ** 2)
        image = paint(image * (1 - rng.uniform(0, 0.4) * rim)[..., None], opacity, surface)
        labels[depth > 0] = k
        wet = np.maximum(wet, opacity)
    image = highlights(rng, image, int(rng.integers(0, 14)), wet)
    if rng.random() < 0.6:
        image = vignette(rng, image, rng.uniform(0.1, 0.7))
    return image, labels


def echo(rng):
    """Grey layers under speckle with a dark (seldom bright) mass."""
    level = rng.uniform(50, 160) + rng.uniform(5, 30) * noise(rng, int(rng.integers(4, 14)), 2)
    level = level + rng.uniform(0, 20) * texture(rng)
    level = level * (1 - rng.uniform(0, 0.6) * YY / SIZE)
    labels = np.zeros((SIZE, SIZE), np.uint8)
    for k in range(1, 2 if rng.random() < 0.7 else 4):
        centre = rng.uniform(0.2, 0.8, 2) * SIZE
        radius = np.exp(rng.uniform(np.log(9), np.log(42)))
        depth = blob(rng, centre, radius, rng.uniform(0.05, 0.22)) + rng.uniform(0, 2) * noise(rng, int(rng.integers(5, 20)))
        factor = rng.uniform(0.12, 0.65) if rng.random() < 0.85 else rng.uniform(1.4, 2.0)
        inner = level * factor + rng.uniform(0, 9) * texture(rng)
        below = cover(radius * 0.8 - np.abs(XX - centre[0]), 4) * cover(YY - centre[1], 6)
        level = level * (1 + rng.uniform(-0.5, 0.5) * below)
        opacity = cover(depth, rng.uniform(0.8, 7))
        level = level + opacity * (inner - level)
        labels[depth > 0] = k
    grey = np.maximum(level, 2) * speckle(rng, rng.uniform(0.25, 0.9))
    image = np.repeat(grey[..., None], 3, 2) * (1 + 0.04 * rng.standard_normal(3) * (rng.random() < 0.4))
    return image.astype(np.float32), labels


KINDS = (general, skin, tissue, echo)
SHARES = (0.46, 0.20, 0.22, 0.12)


def scene(rng):
    """One scene of a random kind."""
    kind = KINDS[rng.choice(len(KINDS), p=SHARES)]
    image, labels = kind(rng)
    if rng.random() < 0.3:
        image = shadow(rng, image)
    if rng.random() < 0.2:
        image = vignette(rng, image, rng.uniform(0.1, 0.6))
    if kind in (skin, tissue) and rng.random() < 0.4:
        image = frame(rng, image, labels)
    return sensor(rng, image), labels


def objects(labels, smallest=40, largest=0.8):
    """The labels of the objects that can be asked for, with their areas."""
    areas = np.bincount(labels.ravel(), minlength=2)
    return [k for k in range(1, len(areas)) if smallest <= areas[k] <= largest * labels.size]


def pool(count, seed, progress=None):
    """`count` scenes; scene i depends on (seed, i) alone."""
    images = np.empty((count, SIZE, SIZE, 3), np.uint8)
    labels = np.empty((count, SIZE, SIZE), np.uint8)
    for i in range(count):
        attempt = 0
        while True:
            images[i], labels[i] = scene(np.random.default_rng([seed, i, attempt]))
            if objects(labels[i]):
                break
            attempt += 1
        if progress and (i + 1) % 1000 == 0:
            progress(i + 1)
    return images, labels

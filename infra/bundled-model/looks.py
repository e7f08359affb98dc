# SPDX-License-Identifier: Apache-2.0
"""Looks: what another device, lamp or setting would have made of the same scene."""

import numpy as np

UNCHANGED = 0.25


def look(rng, image):
    """An RGB image uint8 [S,S,3] with a random look, float32 in 0..255; one in four stays as it is."""
    out = image.astype(np.float32)
    if rng.random() < UNCHANGED:
        return out
    out = 255 * (out / 255) ** np.exp(rng.normal(0, 0.35))
    if rng.random() < 0.15:
        out = np.repeat(out.mean(2, keepdims=True), 3, 2)
    out = out * np.exp(rng.normal(0, 0.12, 3))
    if rng.random() < 0.7:  # haze, darkness, flatness: towards one colour
        veil = rng.uniform(0, 255) + rng.normal(0, 20, 3)
        out = veil + rng.uniform(0.25, 1) * (out - veil)
    else:
        out = out.mean() + rng.uniform(1, 1.6) * (out - out.mean())
    out = out * np.exp(rng.normal(0, 0.2)) + rng.normal(0, 12)
    out = out + rng.uniform(0, 6) * rng.standard_normal(out.shape)
    return np.clip(out, 0, 255).astype(np.float32)

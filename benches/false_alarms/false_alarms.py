"""How many odd matches each way to see through a spelling costs, over ordinary text, and which evasions it closes.

usage: false_alarms.py PENSTOCK FOLDER RESULTS DOCUMENT

Ordinary text is what this machine has: /usr/share/doc, manual pages, Python's own sources, and the sources and READMEs
of crates in cargo's registry, up to MIB of it; what is no UTF-8 or has zeros is left out. It is scanned for 500
keywords.
A match is odd when what stands there is not the keyword, case and white space aside. Each switch is then turned off
alone, for the files with odd matches: what is not found any more is what it costs, and what of evasions.json it closes.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import unicodedata
from pathlib import Path

from keywords import KEYWORDS, NAMES

MIB = int(os.environ.get("MIB", "130"))
PIECE = 64 << 10
SWITCHES = [
    "compatibility", "invisible", "marks", "confusables", "strokes", "leet", "spaced", "repeated", "hyphens", "pairs",
    "punctuation", "joined", "entities", "percent", "escapes", "base64", "reversed",
]
PHRASE = "zorblax quantum"
BEGIN, END = "<!-- false-alarms -->", "<!-- /false-alarms -->"

penstock, folder = sys.argv[1], Path(sys.argv[2]).resolve()
results, document = Path(sys.argv[3]), Path(sys.argv[4])


def sources():
    """Files with ordinary text, a quarter of the whole from each kind, in the order of their names."""
    registry = Path.home() / ".cargo/registry/src"
    kinds = [
        sorted(Path("/usr/share/doc").rglob("*")),
        sorted(Path("/usr/share/man").rglob("*.gz")),
        sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")),
        sorted(file for file in registry.rglob("*") if file.suffix in (".rs", ".md")),
    ]
    left = MIB << 20
    for number, kind in enumerate(kinds):
        share = left // (len(kinds) - number)
        for file in kind:
            if share <= 0:
                break
            if file.is_symlink() or not file.is_file():
                continue
            text = read(file)
            if text:
                share -= len(text)
                left -= len(text)
                yield text


def read(file):
    data = file.read_bytes()
    if file.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError):
            return None
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return None if b"\0" in data else data


def pieces(text):
    """The text in pieces that end with a line."""
    while text:
        end = len(text) if len(text) <= PIECE else text.rfind(b"\n", 0, PIECE) + 1 or PIECE
        yield text[:end]
        text = text[end:]


def write_corpus():
    """The files of the text, and its size. What an earlier run has written is taken again."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    done = folder / f"corpus-{MIB}"
    if done.exists():
        files = sorted(corpus.iterdir())
        return files, sum(file.stat().st_size for file in files)
    files, size = [], 0
    for text in sources():
        for piece in pieces(text):
            file = corpus / f"{len(files):06}"
            file.write_bytes(piece)
            files.append(file)
            size += len(piece)
    done.touch()
    return files, size


def scan(files, keywords, off=()):
    """Every match: the file, the keyword and the bytes where it is."""
    normalise = ", ".join(f"{switch} = false" for switch in off)
    rules = "".join(
        f'[[rule]]\nid = "r{number}"\nkeywords = [{json.dumps(keyword)}]\nnormalise = {{ {normalise} }}\n'
        for number, keyword in enumerate(keywords)
    )
    (folder / "rules.toml").write_text(rules)
    config = folder / "penstock.toml"
    config.write_text(
        f'rules = ["{folder}/rules.toml"]\n'
        f'[server]\nstate_directory = "{folder}/state"\ncache_directory = "{folder}/cache"\n'
        '[admin]\naddress = "127.0.0.1:1"\n[[listener]]\naddress = "127.0.0.1:2"\n'
        '[[origin]]\nname = "o"\nservers = ["127.0.0.1:3"]\n[[route]]\nname = "r"\ninspect = "enforce"\n'
    )
    for start in range(0, len(files), 500):
        command = [penstock, "scan", "--config", config, "--json", "--content-type", "text/plain"]
        command += files[start:start + 500]
        scanned = subprocess.run(command, capture_output=True, text=True, check=False)
        if not scanned.stdout:
            sys.exit(f"nothing was scanned: {scanned.stderr}")
        for line in scanned.stdout.splitlines():
            report = json.loads(line)
            data = Path(report["file"]).read_bytes()
            # Part 0 is the text itself; others are made of it, and their places are their own.
            for match in (match for match in report.get("matches", []) if match["part"] == 0):
                number = int(match["rule"][1:])
                yield from ((report["file"], number, tuple(span), data[span[0]:span[1]]) for span in match["spans"])


def plain(text):
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def odd_matches(files, off=()):
    found = {}
    for file, number, span, data in scan(files, KEYWORDS, off):
        if plain(data.decode(errors="replace")) != KEYWORDS[number]:
            found[file, number, span] = data.decode(errors="replace")
    return found


def evasions(off=()):
    """The names of those in which the phrase is found."""
    table = json.loads((Path(__file__).parent / "evasions.json").read_text())
    texts = {name: f"please buy my {text} today" for kind in table.values() for name, text in kind.items()}
    texts = {name: text.replace("my cGxl", "cGxl").replace("= today", "=") for name, text in texts.items()}
    files = {}
    for number, (name, text) in enumerate(texts.items()):
        file = folder / f"evasion-{number}"
        file.write_text(text)
        files[str(file)] = name
    return table, {files[file] for file, *_ in scan(list(files), [PHRASE], off)}


def main():
    folder.mkdir(parents=True, exist_ok=True)
    files, size = write_corpus()
    start = time.monotonic()
    odd = odd_matches(files)
    seconds = time.monotonic() - start
    table, closed = evasions()
    suspects = sorted({file for file, *_ in odd})
    rows = []
    for switch in SWITCHES:
        left = odd_matches(suspects, [switch]) if odd else {}
        costs = sorted({
            KEYWORDS[number] + " ← " + re.sub(r"\s+", " ", text)
            for (file, number, span), text in odd.items() if (file, number, span) not in left
        })
        count = sum(1 for key in odd if key not in left)
        lost = sorted(closed - evasions([switch])[1])
        rows.append({"switch": switch, "closes": lost, "odd_matches": count, "examples": costs[:8]})
    missed = sorted(name for kind in table.values() for name in kind if name not in closed)
    report = {
        "bytes": size, "texts": len(files), "keywords": len(KEYWORDS), "names": len(NAMES),
        "odd_matches": len(odd),
        "odd": sorted({f"{KEYWORDS[number]} ← {text!r}" for (_, number, _), text in odd.items()}),
        "evasions_missed": missed, "seconds": round(seconds, 1), "switches": rows,
    }
    results.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    write_table(report)
    counts = f"{len(KEYWORDS)} keywords, {len(odd)} odd matches, {len(missed)} evasions missed"
    print(f"false-alarms: {size >> 20} MiB, {counts}")


def write_table(report):
    lines = [
        f"Over {report['bytes'] >> 20} MiB of ordinary text (documentation, manual pages, sources) and",
        f"{report['keywords']} keywords, {report['names']} of them names and the others short words,",
        f"{report['odd_matches']} matches are odd: what stands there is not the keyword.",
        "", "| switch | closes | odd matches it costs |", "| --- | --- | --- |",
    ]
    for row in report["switches"]:
        lines.append(f"| `{row['switch']}` | {', '.join(row['closes'])} | {row['odd_matches']} |")
    text = document.read_text()
    before, rest = text.split(BEGIN)
    document.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()

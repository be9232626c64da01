"""From hashes to the share found, the false matches, and the tables."""

from collections import Counter
from itertools import groupby

import numpy as np

import manipulations
import penstock

METHODS = {
    "pdq": "PDQ",
    "turned": "eight orientations",
    "trimmed": "and borders trimmed",
    "family": "`img_hash` family",
    "together": "together",
}


class Listed:
    """The hashes of the originals, in rows, to be compared with one picture at a time."""

    def __init__(self, hashes):
        self.nothing = np.zeros(len(hashes), bool)
        self.pdq = np.stack([found.dihedral[0] for found in hashes])
        # A hash that is degenerate is as far as can be from everything.
        far = np.full(64, 2, np.uint8)
        self.family = {name: np.stack([found.family.get(name, far) for found in hashes]) for name in penstock.FAMILY}

    def matches(self, variant, without_borders):
        """By method, which originals the manipulated picture matches."""
        result = {"pdq": self.by_pdq(variant, 1), "turned": self.by_pdq(variant, 8)}
        result["trimmed"] = result["turned"] | self.by_pdq(without_borders, 8)
        result |= {name: self.by_family(name, variant) for name in penstock.FAMILY}
        result["family"] = np.any([result[name] for name in penstock.FAMILY], axis=0)
        result["together"] = result["trimmed"] | result["family"]
        return result

    def by_pdq(self, hashes, orientations):
        if hashes is None or hashes.quality < penstock.MIN_QUALITY:
            return self.nothing
        near = penstock.distances(hashes.dihedral[:orientations], self.pdq) <= penstock.PDQ_DISTANCE
        return near.any(axis=0)

    def by_family(self, name, hashes):
        if name not in hashes.family:
            return self.nothing
        return (self.family[name] != hashes.family[name]).sum(axis=1) <= penstock.HASH64_DISTANCE


def evaluate(names, listed, variants):
    """Shares found by manipulation, and false matches by method, of the `variants` of each of `listed`.

    `variants` has for each picture, for each manipulation, the hashes and those without borders.
    """
    originals = Listed(listed)
    found = [Counter() for _ in manipulations.ALL]
    false, false_pairs, trimmed = Counter(), {}, 0
    for number, of_picture in enumerate(variants):
        for position, (variant, without_borders) in enumerate(of_picture):
            # Of the pictures as they are: what the second hash costs where there was nothing to gain.
            trimmed += position == 0 and without_borders is not None
            for method, near in originals.matches(variant, without_borders).items():
                found[position][method] += int(near[number])
                others = [other for other in np.flatnonzero(near) if other != number]
                false[method] += len(others)
                for other in others:
                    pair = tuple(sorted((names[number], names[other])))
                    false_pairs.setdefault(method, Counter())[pair] += 1
    pairs = len(listed) * (len(listed) - 1) * len(manipulations.ALL)
    methods = [*METHODS, *penstock.FAMILY]
    return {
        "found": [
            {"group": m.group, "label": m.label} | {method: found[at][method] / len(listed) for method in methods}
            for at, m in enumerate(manipulations.ALL)
        ],
        "unrelated_pairs": pairs,
        "trimmed_share": trimmed / len(listed),
        "false_per_million": {method: false[method] / pairs * 1e6 for method in methods},
        "false_pairs": {
            method: [[*pair, count] for pair, count in false_pairs.get(method, Counter()).most_common(20)]
            for method in ("pdq", "turned", "trimmed")
        },
    }


def markdown(report):
    """The tables, to be put into the documentation."""
    groups = list(dict.fromkeys(row["group"] for row in report["found"]))
    in_order = sorted(report["found"], key=lambda row: groups.index(row["group"]))
    shares = [line("manipulation", "", METHODS.values()), "| --- | --- |" + " ---: |" * len(METHODS)]
    for _, rows in groupby(in_order, key=lambda row: row["group"]):
        for position, row in enumerate(rows):
            group = row["group"] if position == 0 else ""
            shares.append(line(group, row["label"], [f"{row[method] * 100:.0f}" for method in METHODS]))

    methods = METHODS | {name: f"`{name}` alone" for name in penstock.FAMILY}
    totals = [line("method", "found, all of the above", ["false matches per million pairs"]), "| --- | ---: | ---: |"]
    for method, title in methods.items():
        found = np.mean([row[method] for row in report["found"]])
        totals.append(line(title, f"{found * 100:.1f} %", [f"{report['false_per_million'][method]:,.1f}"]))
    pictures, pairs = len(report["pictures"]), report["unrelated_pairs"]
    text = f"{pictures} pictures, {len(report['found'])} manipulations, {pairs:,} pairs of a manipulated picture and another one."
    packages = ", ".join(f"{package} {version}" for package, version in report["packages"].items())
    return "\n".join([text, "", *totals, "", *shares, "", f"Packages: {packages}. Seed: {report['seed']}."]) + "\n"


def line(first, second, cells):
    return "| " + " | ".join([first, second, *cells]) + " |"


BEGIN, END = "<!-- made by `make robustness` -->\n", "<!-- end -->\n"


def put_into(page, tables):
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + tables + "\n" + END + rest.split(END)[1]

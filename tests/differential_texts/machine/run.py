"""Sends documents of a seed through a Penstock; what it lets through silently, real programs show, and where that has
the listed phrase in it, the document was a way around the rules.

    run.py ADDRESS COUNT SEED [FIRST [programs]]

Penstock has the rules that `phrases.py` prints. With PENSTOCK_KEEP_BYPASSES=FOLDER, such documents are kept there.
"""

import collections
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import renderers
import generate
from client import Penstock
from phrases import shows

# LibreOffice takes seconds to start.
BATCH = 120
MOST_BYPASSES = int(os.environ.get("PENSTOCK_MOST_BYPASSES", "40"))


class Report:
    def __init__(self, seed):
        self.seed = seed
        self.verdicts, self.kinds = collections.Counter(), collections.Counter()
        self.shown, self.bypasses, self.unshown = collections.Counter(), {}, 0

    def bypass(self, document, program):
        folder = os.environ.get("PENSTOCK_KEEP_BYPASSES")
        if folder and document.index not in self.bypasses:
            with open(f"{folder}/{self.seed}-{document.index}.{document.kind}", "wb") as file:
                file.write(document.data)
        self.bypasses.setdefault(document.index, (document, []))[1].append(program)

    def say(self, count):
        for document, programs in self.bypasses.values():
            print(
                f"BYPASS: document {document.index} of seed {self.seed}, {document.kind}, shown by"
                f" {', '.join(programs)}: {'; '.join(document.done)}; sent as {document.sent[0].split(';')[0]}"
            )
        odd = {verdict: n for verdict, n in self.verdicts.items() if verdict.startswith("status")}
        for verdict, number in odd.items():
            print(f"ODD: {number} answers with {verdict}")
        shown = ", ".join(f"{name} {number}" for name, number in self.shown.items())
        print(f"documents that show their phrase: {shown or 'none'}; {self.unshown} unshown")
        for kind in sorted({kind for kind, _ in self.kinds}):
            numbers = [self.kinds[kind, verdict] for verdict in ("blocked", "inconclusive", "allowed")]
            print(f"  {kind}: {numbers[0]} blocked, {numbers[1]} inconclusive, {numbers[2]} allowed")
        of = self.verdicts
        print(
            f"differential-texts: {count} tried, {of['blocked']} blocked, {of['inconclusive']} inconclusive, "
            f"{of['allowed']} allowed, {len(self.bypasses)} bypasses"
        )
        return not self.bypasses and not odd


def try_batch(penstock, programs, made, report):
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda document: penstock.judge(document.sent[1], document.sent[0]), made))
    seen = set()
    for document, verdict in zip(made, verdicts):
        report.verdicts[verdict] += 1
        report.kinds[document.kind, verdict] += 1
    for program in programs:
        mine = [document for document in made if document.kind in program.kinds]
        for document, texts in zip(mine, program.show(mine)):
            if any(shows(text, document.phrase) for text in texts):
                report.shown[program.name] += 1
                seen.add(document.index)
                if verdicts[document.index - made[0].index] == "allowed":
                    report.bypass(document, program.name)
    blocked = sum(verdict == "blocked" and document.index not in seen for document, verdict in zip(made, verdicts))
    report.unshown += blocked


def main():
    address, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 and sys.argv[4] else 0
    programs, missing = renderers.available(sys.argv[5:])
    for reason in missing:
        print(f"left out: {reason}")
    shown = {kind for program in programs for kind in program.kinds}
    left_out = [name for name, (_, _, kinds) in generate.KINDS.items() if shown.isdisjoint(kinds)]
    print(
        f"seed {seed}, documents {first} to {first + count}, shown by {', '.join(p.name for p in programs)}", flush=True
    )
    penstock, report = Penstock(address), Report(seed)
    for start in range(first, first + count, BATCH):
        indexes = range(start, min(start + BATCH, first + count))
        try_batch(penstock, programs, [generate.make(seed, index, left_out) for index in indexes], report)
        if len(report.bypasses) >= MOST_BYPASSES:
            break
    for program in programs:
        getattr(program, "close", lambda: None)()
    sys.exit(0 if report.say(sum(report.verdicts.values())) else 1)


if __name__ == "__main__":
    main()

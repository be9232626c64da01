"""Sends documents of a seed through a Penstock; what it lets through silently, real programs show, and where that has
the listed phrase in it, the document was a way around the rules.

    run.py ADDRESS COUNT SEED [FIRST [programs]]

Penstock has the rules that `phrases.py` prints. With PENSTOCK_KEEP_BYPASSES=FOLDER, such documents are kept there.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import renderers
import generate
from client import Penstock
from phrases import shows
from report import MOST_BYPASSES, Report

# LibreOffice takes seconds to start.
BATCH = 120


class TextReport(Report):
    def __init__(self, seed):
        super().__init__("differential-texts", seed)
        self.documents, self.unshown = {}, 0

    def bypassed(self, document, program):
        self.bypass(document.index, document.kind, document.data, program)
        self.documents[document.index] = document

    def say_all(self):
        for index, programs in self.bypasses.items():
            document = self.documents[index]
            print(
                f"BYPASS: document {index} of seed {self.seed}, {document.kind}, shown by"
                f" {', '.join(programs)}: {'; '.join(document.done)}; sent as {document.sent[0].split(';')[0]}"
            )
        about = f"documents that show their phrase: {self.shown_by()}; {self.unshown} unshown"
        return self.say(sum(self.verdicts.values()), about)


def try_batch(penstock, programs, made, report):
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda document: penstock.judge(document.sent[1], document.sent[0]), made))
    seen = set()
    for document, verdict in zip(made, verdicts):
        report.note(document.kind, verdict)
    for program in programs:
        mine = [document for document in made if document.kind in program.kinds]
        for document, texts in zip(mine, program.show(mine)):
            if any(shows(text, document.phrase) for text in texts):
                report.shown[program.name] += 1
                seen.add(document.index)
                if verdicts[document.index - made[0].index] == "allowed":
                    report.bypassed(document, program.name)
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
    penstock, report = Penstock(address), TextReport(seed)
    for start in range(first, first + count, BATCH):
        indexes = range(start, min(start + BATCH, first + count))
        try_batch(penstock, programs, [generate.make(seed, index, left_out) for index in indexes], report)
        if len(report.bypasses) >= MOST_BYPASSES:
            break
    for program in programs:
        getattr(program, "close", lambda: None)()
    sys.exit(0 if report.say_all() else 1)


if __name__ == "__main__":
    main()

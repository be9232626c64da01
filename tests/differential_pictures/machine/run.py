"""Sends files of a seed through a Penstock; what it lets through silently, real programs show, and what they show goes
through the same Penstock as PNG: if that is blocked, the file was a way around it.

    run.py ADDRESS COUNT SEED [FIRST [consumers]]

Penstock has the hashes of what `listed.py` draws on its list. What is near the limit may fall on either side of it by
rounding, so a rendering has to be nearer: on the route /near/, whose set has a smaller distance. And it has to be so
upside down and at another size, since half a pixel there may be worth 20 bits.
"""

import hashlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import consumers
import generate
from client import Penstock
from report import MOST_BYPASSES, Report

BATCH = 40
# Batches that are made while others are tried. Writing files takes longer than whatever else is done to them.
AHEAD = 4


def batch(seed, start, end):
    """The files of one batch. Each process draws its pictures once."""
    global pictures
    pictures = globals().get("pictures") or generate.Pictures()
    return [(index, *generate.make(seed, index, pictures)) for index in range(start, end)]


def batches(seed, first, count):
    """All batches in their order, made by other processes ahead of time."""
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        waiting = []
        for start in range(first, first + count, BATCH):
            waiting.append(pool.submit(batch, seed, start, min(start + BATCH, first + count)))
            if len(waiting) > AHEAD:
                yield waiting.pop(0).result()
        for made in waiting:
            yield made.result()


class Trial:
    """What is tried against one Penstock: verdicts of a batch, while programs show what was let through of the last."""

    def __init__(self, address, programs, report):
        self.penstock, self.programs, self.report = Penstock(address), programs, report
        self.senders, self.showers = ThreadPoolExecutor(4), ThreadPoolExecutor(len(programs) or 1)
        self.is_listed, self.showing = {}, []

    def shows_listed(self, png):
        """Programs agree on most files, and decoys come again and again: equal renderings are sent once."""
        key = hashlib.sha256(png).digest()
        if key not in self.is_listed:
            self.is_listed[key] = all(self.penstock.post("/near/x", same)[0] == 451 for same in consumers.alike(png))
        return self.is_listed[key]

    def show(self, program, files):
        return program.name, [
            (file, len(shown), any(self.shows_listed(png) for png in shown))
            for file, shown in zip(files, program.show([data for _, _, data in files]))
        ]

    def judge(self, made):
        verdicts = list(self.senders.map(lambda file: self.penstock.judge(file[2]), made))
        for (_, name, _), verdict in zip(made, verdicts):
            self.report.note(name, verdict)
        files = [file for file, verdict in zip(made, verdicts) if verdict == "allowed"]
        self.gather()
        self.showing = [self.showers.submit(self.show, program, files) for program in self.programs]

    def gather(self):
        """Waits for what programs show, and reports it."""
        for program, seen in (future.result() for future in self.showing):
            for (index, name, data), count, is_listed in seen:
                self.report.shown[program] += count
                if is_listed:
                    self.report.bypass(index, name, data, program)
        self.showing = []


def say(report, count):
    for index, programs in list(report.bypasses.items())[:MOST_BYPASSES]:
        print(f"BYPASS: file {index} of seed {report.seed}, shown by {', '.join(programs)}")
    return report.say(count, f"pictures shown of files that were let through: {report.shown_by()}")


def main():
    address, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    first = int(sys.argv[4]) if len(sys.argv) > 4 and sys.argv[4] else 0
    programs, missing = consumers.available(sys.argv[5:])
    for reason in missing:
        print(f"left out: {reason}")
    print(f"seed {seed}, files {first} to {first + count}, shown by {', '.join(p.name for p in programs)}")
    report = Report("differential-pictures", seed)
    trial = Trial(address, programs, report)
    for made in batches(seed, first, count):
        trial.judge(made)
        if len(report.bypasses) >= MOST_BYPASSES:
            break
    trial.gather()
    for program in programs:
        getattr(program, "close", lambda: None)()
    sys.exit(0 if say(report, count) else 1)


if __name__ == "__main__":
    main()

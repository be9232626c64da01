"""Sends files of a seed through a Penstock; what it lets through silently, real programs show, and what they show goes
through the same Penstock as PNG: if that is blocked, the file was a way around it.

    run.py ADDRESS COUNT SEED [FIRST [consumers]]

Penstock has the hashes of what `listed.py` draws on its list. What is near the limit may fall on either side of it by
rounding, so a rendering has to be nearer: on the route /near/, whose set has a smaller distance.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import consumers
import generate
from client import Penstock
from report import MOST_BYPASSES, Report

BATCH = 40


def shows_listed(penstock, png):
    return penstock.post("/near/x", png)[0] == 451


def try_batch(penstock, programs, made, report):
    with ThreadPoolExecutor(4) as pool:
        verdicts = list(pool.map(lambda file: penstock.judge(file[2]), made))
    for (_, name, _), verdict in zip(made, verdicts):
        report.note(name, verdict)
    let_through = [file for file, verdict in zip(made, verdicts) if verdict == "allowed"]
    for program in programs:
        for (index, name, data), shown in zip(let_through, program.show([file[2] for file in let_through])):
            report.shown[program.name] += len(shown)
            if any(shows_listed(penstock, png) for png in shown):
                report.bypass(index, name, data, program.name)


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
    penstock, pictures, report = Penstock(address), generate.Pictures(), Report("differential-pictures", seed)
    for start in range(first, first + count, BATCH):
        indexes = range(start, min(start + BATCH, first + count))
        made = [(index, *generate.make(seed, index, pictures)) for index in indexes]
        try_batch(penstock, programs, made, report)
        if len(report.bypasses) >= MOST_BYPASSES:
            break
    for program in programs:
        getattr(program, "close", lambda: None)()
    sys.exit(0 if say(report, count) else 1)


if __name__ == "__main__":
    main()

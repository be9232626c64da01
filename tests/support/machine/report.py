"""What a machine tells of its run: answers by kind, and what was a way around Penstock."""

import collections
import os

MOST_BYPASSES = int(os.environ.get("PENSTOCK_MOST_BYPASSES", "40"))


class Report:
    def __init__(self, machine, seed):
        self.machine, self.seed = machine, seed
        self.verdicts, self.kinds = collections.Counter(), collections.Counter()
        self.shown, self.bypasses = collections.Counter(), {}

    def note(self, kind, verdict):
        self.verdicts[verdict] += 1
        self.kinds[kind, verdict] += 1

    def bypass(self, index, kind, data, program):
        """Notes that `program` shows what is listed. With PENSTOCK_KEEP_BYPASSES=FOLDER, the file is kept there."""
        folder = os.environ.get("PENSTOCK_KEEP_BYPASSES")
        if folder and index not in self.bypasses:
            with open(f"{folder}/{self.seed}-{index}.{kind}", "wb") as file:
                file.write(data)
        self.bypasses.setdefault(index, []).append(program)

    def shown_by(self):
        return ", ".join(f"{name} {number}" for name, number in self.shown.items()) or "none"

    def say(self, count, about_shown):
        """Prints all but the bypasses. Whether there is nothing to mend."""
        odd = {verdict: n for verdict, n in self.verdicts.items() if verdict.startswith("status")}
        for verdict, number in odd.items():
            print(f"ODD: {number} answers with {verdict}")
        print(about_shown)
        for kind in sorted({kind for kind, _ in self.kinds}):
            numbers = [self.kinds[kind, verdict] for verdict in ("blocked", "inconclusive", "allowed")]
            print(f"  {kind}: {numbers[0]} blocked, {numbers[1]} inconclusive, {numbers[2]} allowed")
        of = self.verdicts
        print(
            f"{self.machine}: {count} tried, {of['blocked']} blocked, {of['inconclusive']} inconclusive, "
            f"{of['allowed']} allowed, {len(self.bypasses)} bypasses"
        )
        return not self.bypasses and not odd

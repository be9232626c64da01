"""The peer of the text bench: Hyperscan over the same normalised text and keywords, on one thread.

    peer.py TEXT KEYWORDS PASSES LARGEST

KEYWORDS is a file with one keyword a line. Prints one JSON object: the median of the seconds that PASSES scans took, the
numbers of the keywords that were found, and versions. Keywords are compiled as literals (no regular expressions), without
regard to case, each reported once. Where there are more than LARGEST, they are not compiled: it takes memory without end.
"""

import json
import statistics
import sys
import time

import hyperscan


def main():
    text, keywords = (open(path, "rb").read() for path in sys.argv[1:3])
    passes, largest = map(int, sys.argv[3:5])
    keywords = keywords.splitlines()
    report = {"seconds": None, "found": [], "versions": {"hyperscan": hyperscan.__version__}}
    if len(keywords) <= largest:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH
        ids = list(range(len(keywords)))
        database.compile(expressions=keywords, ids=ids, elements=len(keywords), flags=flags, literal=True)
        seconds, found = [], []

        def note(number, start, end, flags, context):
            found.append(number)

        for _ in range(passes):
            found.clear()
            start = time.perf_counter()
            database.scan(text, match_event_handler=note)
            seconds.append(time.perf_counter() - start)
        report |= {"seconds": statistics.median(seconds), "found": sorted(set(found))}
    json.dump(report, sys.stdout)


main()

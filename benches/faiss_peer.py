"""The peer of the index bench: faiss over the same hashes and queries, on one thread.

    faiss_peer.py HASHES QUERIES RADIUS PASSES FLAT_QUERIES NHASH B NFLIP

HASHES and QUERIES hold 32 bytes a hash. Prints one JSON object: for the flat and the multi-hash index the median of the
times of the queries in milliseconds, each the least of PASSES, and what each query found as pairs of row and distance.
The multi-hash index is exact when RADIUS < NHASH * (NFLIP + 1).
"""

import json
import sys
import time

import faiss
import numpy as np

BITS = 256


def measure(index, queries, radius, passes):
    """Median time, and the results of each query."""
    least, found = [float("inf")] * len(queries), []
    for number in range(passes):
        for position in range(len(queries)):
            query = queries[position : position + 1]
            start = time.perf_counter()
            # faiss wants distances below, not up to, the radius it is given.
            _, distances, rows = index.range_search(query, radius + 1)
            least[position] = min(least[position], time.perf_counter() - start)
            if number == 0:
                found.append(sorted(zip(rows.tolist(), map(int, distances.tolist()))))
    return {"median_ms": float(np.median(least)) * 1e3, "found": found}


def main():
    hashes = np.fromfile(sys.argv[1], dtype=np.uint8).reshape(-1, BITS // 8)
    queries = np.fromfile(sys.argv[2], dtype=np.uint8).reshape(-1, BITS // 8)
    radius, passes, flat_queries, nhash, b, nflip = map(int, sys.argv[3:])
    faiss.omp_set_num_threads(1)

    flat = faiss.IndexBinaryFlat(BITS)
    flat.add(hashes)
    report = {"flat": measure(flat, queries[:flat_queries], radius, passes)}
    del flat

    multi = faiss.IndexBinaryMultiHash(BITS, nhash, b)
    multi.nflip = nflip
    multi.add(hashes)
    report["multi_hash"] = measure(multi, queries, radius, passes)
    report["versions"] = {"faiss": faiss.__version__, "numpy": np.__version__}
    json.dump(report, sys.stdout)


main()

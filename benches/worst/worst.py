"""What the costliest uploads cost: bodies of every format, up to 1 MB and 4 MB, made to cost as much as they can.

    worst.py PENSTOCK FOLDER RESULTS.json [--only PART-OF-A-NAME]

Each is inspected by `penstock scan`, with the limits of the proxy, in a process of its own; its processor time and that of
its workers counts, without that of the start. Prints the worst ten by their share of the goal, 2 s up to 1 MB and 1 s for
each MB more, and fails when one is past it, or when an ordinary file is not let through.
"""
import argparse
import json
import os
import random
import resource
import subprocess
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import archives
import compound
import documents
import pictures
import seeds
import seven_zip
import texts
from bench import measured_on  # noqa: E402

MB = 1_000_000
# Processor seconds after which a body is given up.
LONGEST = 120
CONFIG = """rules = ["{rules}"]
[[listener]]
address = "127.0.0.1:1"
[[origin]]
name = "site"
servers = ["127.0.0.1:2"]
[[route]]
name = "uploads"
inspect = "enforce"
[[hash_set]]
name = "known"
path = "known.csv"
"""
HASHES = {"md5": 32, "sha1": 40, "sha256": 64, "pdq": 64, "ahash": 16, "dhash": 16, "phash": 16}


def prepare(folder):
    """Every algorithm is asked for, and there are rules."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{name},{'5a' * (digits // 2)}\n" for name, digits in HASHES.items())
    (folder / "known.csv").write_text("algorithm,hash\n" + rows)
    config = folder / "penstock.toml"
    config.write_text(CONFIG.format(rules=Path(__file__).resolve().parents[2] / "rules"))
    return config


def inspected(binary, config, file, content_type):
    """Processor seconds, and what was answered."""
    command = [binary, "scan", "--json", "--config", str(config), str(file)]
    command += ["--content-type", content_type] if content_type else []
    output = file.with_suffix(".out")
    # A busy machine gives up nothing.
    limited = lambda: resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    with open(output, "wb") as sink:
        child = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, preexec_fn=limited)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    lines = [line for line in output.read_text(errors="replace").splitlines() if line.startswith("{")]
    answer = json.loads(lines[-1]) if lines else {"verdict": f"exit {child.returncode}", "doubts": []}
    return usage.ru_utime + usage.ru_stime, answer


def goal(length):
    return 2 + max(0, length / MB - 1)


def ordinary():
    """What must be let through, whatever it costs."""
    choose = random.Random(7)
    words = [bytes(choose.choices(b"abcdefghijklmnopqrst", k=6)) for _ in range(2000)]
    page = lambda: b" ".join(choose.choices(words, k=200))
    yield "zip-10000-files", None, archives.zip_plain([page()[:400] for _ in range(10_000)])
    rows = [choose.randbytes(310) for _ in range(40)]
    scans = [zlib.compress(b"".join(choose.choice(rows) if i % 9 < 3 else b"\xff" * 310 for i in range(3508))) for _ in range(500)]
    head = b"/Type/XObject/Subtype/Image/Width 2480/Height 3508/BitsPerComponent 1/Filter/FlateDecode/ColorSpace/DeviceGray"
    pages = [(1000 + i, b"<</Type/Page/Resources<</XObject<</I %d 0 R>>>>/Contents 9 0 R>>" % (100 + i)) for i in range(500)]
    scans = [(100 + i, documents.stream(head, scan)) for i, scan in enumerate(scans)]
    yield "pdf-500-scans", None, documents.pdf([*pages, *scans])
    noise = bytearray()
    for _ in range(1000):
        noise += b"\0" + bytes(i // 4 % 200 + choose.randrange(8) for i in range(1500))
    picture = pictures.PNG + pictures.header(1500, 1000, 0) + pictures.chunk(b"IDAT", zlib.compress(bytes(noise))) + pictures.chunk(b"IEND", b"")
    media = [(b"word/media/%d.png" % i, 0, picture + b"%d" % i, len(picture) + len(b"%d" % i), zlib.crc32(picture + b"%d" % i)) for i in range(50 * MB // len(picture))]
    xml = b"<w:document><w:body>" + b"".join(b"<w:p><w:r><w:t>" + page() + b"</w:t></w:r></w:p>" for _ in range(300)) + b"</w:body></w:document>"
    media.append((b"word/document.xml", 8, archives.deflated(xml), len(xml), zlib.crc32(xml)))
    yield "docx-50-mb", None, archives.zip_of(media)


def cases(only):
    fixed = set()
    for size in (MB, 4 * MB):
        for module in (texts, archives, seven_zip, pictures, documents, compound, seeds):
            for name, content_type, make in module.shapes(size):
                # What does not grow with the size is tried once.
                if only in name and (size == MB or name not in fixed):
                    body = make()
                    if size == MB and len(body) < MB // 2:
                        fixed.add(name)
                    yield f"{name}-{size // MB}mb", content_type, body, False
    for name, content_type, body in ordinary() if only in "ordinary" else ():
        yield f"ordinary-{name}", content_type, body, True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("folder", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true", help="keep the bodies")
    args = parser.parse_args()
    config = prepare(args.folder)
    empty = args.folder / "empty"
    empty.write_bytes(b"x")
    start = min(inspected(args.binary, config, empty, None)[0] for _ in range(5))
    rows = []
    for name, content_type, body, is_ordinary in cases(args.only):
        file = args.folder / name
        file.write_bytes(body)
        seconds, answer = inspected(args.binary, config, file, content_type)
        if not args.keep:
            file.unlink()
        seconds = max(0.0, seconds - start)
        codes = sorted({doubt["code"] for doubt in answer["doubts"]})
        row = {"name": name, "bytes": len(body), "seconds": round(seconds, 3)}
        row |= {"share": round(seconds / goal(len(body)), 3), "verdict": answer["verdict"], "codes": codes}
        is_answered = not answer["verdict"].startswith("exit")
        row["is_met"] = answer["verdict"] == "allow" if is_ordinary else is_answered and row["share"] <= 1
        rows.append(row)
        if sys.stdout.isatty() or not row["is_met"]:
            print(f"  {name}: {seconds:.2f} s, {answer['verdict']}", flush=True)
    rows.sort(key=lambda row: -row["share"])
    print(f"{'body':28} {'MB':>6} {'seconds':>8} {'of goal':>8}  verdict")
    for row in rows[:10] + [row for row in rows[10:] if row["name"].startswith("ordinary") or not row["is_met"]]:
        line = f"{row['name']:28} {row['bytes'] / MB:6.3f} {row['seconds']:8.2f} {row['share']:8.2f}"
        print(f"{line}  {row['verdict']} {', '.join(row['codes'])}")
    missed = [row["name"] for row in rows if not row["is_met"]]
    print(f"{len(rows)} bodies, {len(missed)} past their goal")
    if not args.only:
        write(args, rows)
    return 1 if missed else 0


def write(args, rows):
    args.results.write_text(json.dumps(measured_on() | {"rows": rows}, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())

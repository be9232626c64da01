"""Writes what the text bench reads: text in five languages, and lists of keywords.

    texts.py FOLDER BYTES KEYWORDS...

Words are drawn by how frequent they are in each language (package wordfreq), with a fixed seed. FOLDER/text.txt gets
BYTES of sentences, a paragraph in one language each; FOLDER/keywords-N.txt gets N keywords for each of KEYWORDS, one a
line. No keyword is one of the COMMONEST words of its language. Up to 100,000, three in five are words of at least four
letters and the others phrases of two or three words; past that all are phrases. A phrase has one word that is rare, at
any place in it, and the others are drawn as in text, so that it starts as everyday sentences do.
"""

import itertools
import random
import sys
from pathlib import Path

import wordfreq

LANGUAGES = ["en", "de", "ru", "ar", "fr"]
COMMONEST = 5_000
ONLY_PHRASES_PAST = 100_000


class Language:
    """Words of one language, the commonest first, and a way to draw them as often as they occur."""

    def __init__(self, code):
        self.words = [word for word in wordfreq.top_n_list(code, 1_000_000) if any(map(str.isalpha, word))]
        frequencies = (wordfreq.word_frequency(word, code) for word in self.words)
        self.cumulated = list(itertools.accumulate(frequencies))
        self.rare = self.words[COMMONEST:]
        self.common = set(self.words[:COMMONEST])
        self.rare_long = [word for word in self.rare if len(word) >= 4]

    def draw(self, rng, count):
        return rng.choices(self.words, cum_weights=self.cumulated, k=count)


def paragraph(rng, language):
    sentences = []
    for _ in range(rng.randint(2, 8)):
        words = language.draw(rng, rng.randint(4, 24))
        words[0] = words[0].capitalize()
        for place in range(len(words) - 1):
            chance = rng.random()
            if chance < 0.07:
                words[place] += ","
            elif chance < 0.08:
                words[place] = words[place].capitalize()
            elif chance < 0.085:
                words[place] += " " + str(rng.randint(1, 2030))
        sentences.append(" ".join(words) + rng.choice("....?!"))
    return " ".join(sentences) + rng.choice(["\n", "\n\n"])


def write_text(file, size, languages):
    rng = random.Random(1)
    written = 0
    with open(file, "wb") as output:
        while written < size:
            piece = paragraph(rng, rng.choice(languages)).encode()[: size - written]
            output.write(piece.decode(errors="ignore").encode())
            written += len(piece)


def phrase(rng, language):
    words = language.draw(rng, rng.randint(1, 2))
    words.insert(rng.randint(0, len(words)), rng.choice(language.rare))
    return " ".join(words)


def keywords(count, languages):
    rng = random.Random(count)
    chosen = {}
    while len(chosen) < count:
        language = rng.choice(languages)
        is_word = count <= ONLY_PHRASES_PAST and rng.random() < 0.6
        keyword = rng.choice(language.rare_long) if is_word else phrase(rng, language)
        if keyword not in language.common:
            chosen[keyword] = None
    return list(chosen)


def main():
    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    languages = [Language(code) for code in LANGUAGES]
    write_text(folder / "text.txt", size, languages)
    for count in map(int, sys.argv[3:]):
        (folder / f"keywords-{count}.txt").write_text("\n".join(keywords(count, languages)) + "\n")


main()

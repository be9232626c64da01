"""Ways to edit a text, each of a share of its words."""

import random

LOOKALIKES = str.maketrans("aeiocp", "аеіоср")
DIGITS = str.maketrans("east", "3457")


def replaced(words, share, rng, vocabulary):
    return [rng.choice(vocabulary) if rng.random() < share else word for word in words]


def removed(words, share, rng, vocabulary):
    return [word for word in words if rng.random() >= share]


def inserted(words, share, rng, vocabulary):
    return [out for word in words for out in ([word, rng.choice(vocabulary)] if rng.random() < share else [word])]


def synonyms(words, share, rng, vocabulary):
    """Some words always give way to another, the same each time."""
    others = {word: rng.choice(vocabulary) for word in sorted(set(words))}
    changing = {word for word in others if rng.random() < share}
    return [others[word] if word in changing else word for word in words]


def reordered(words, share, rng, vocabulary):
    """Sentences move elsewhere."""
    sentences = [[]]
    for word in words:
        sentences[-1].append(word)
        if word[-1] in ".:;?!":
            sentences.append([])
    moving = [at for at in range(len(sentences)) if rng.random() < share]
    for at, other in zip(moving, rng.sample(moving, len(moving))):
        sentences[at], sentences[other] = sentences[other], sentences[at]
    return [word for sentence in sentences for word in sentence]


def misspelt(words, share, rng, vocabulary):
    """Look-alikes, digits for letters, letters that change places, invisible characters, dots inside."""

    def dodge(word):
        at = rng.randrange(max(1, len(word) - 1))
        return rng.choice(
            [
                word.translate(LOOKALIKES),
                word.translate(DIGITS),
                word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
                word[:at] + "\u200b" + word[at:],
                word[:at] + "." + word[at:],
            ]
        )

    return [dodge(word) if rng.random() < share else word for word in words]


def mixed(words, share, rng, vocabulary):
    """A third each replaced, removed and inserted."""
    out = []
    for word in words:
        edit = rng.randrange(3) if rng.random() < share else None
        if edit == 0:
            out.append(rng.choice(vocabulary))
        elif edit != 1:
            out += [word, rng.choice(vocabulary)] if edit == 2 else [word]
    return out


ALL = {
    "words replaced": replaced,
    "words removed": removed,
    "words inserted": inserted,
    "a third of each": mixed,
    "words always replaced by the same": synonyms,
    "sentences reordered": reordered,
    "words misspelt on purpose": misspelt,
}
SHARES = (0.1, 0.2, 0.3, 0.5)


def edit(kind, share, words, vocabulary, seed):
    return ALL[kind](list(words), share, random.Random(f"{seed} {kind} {share}"), vocabulary)

"""What documents of every kind are made with: other words, and phrases that are spelled with something in between."""

WORDS = (
    "the market opens early on most days and people bring baskets of fruit bread cheese from farms nearby while"
    " children play music under old trees rain or shine until evening comes with lamps tea long talks about weather"
    " trains books"
).split()


def words(rng, least=2, most=9):
    """Some words that are not listed."""
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(least, most)))


def spelled(rng, phrase, one, within, between, share=None):
    """`phrase` with each character by `one(character)`, sometimes with something of `within()` between two letters, and
    `between()` for some spaces."""
    share = rng.choice((0.1, 0.3, 1.0)) if share is None else share
    out = []
    for index, character in enumerate(phrase):
        if character == " ":
            out.append(between() if between and rng.random() < 0.7 else one(" "))
            continue
        out.append(one(character))
        follows = index + 1 < len(phrase) and phrase[index + 1] != " "
        if within and follows and rng.random() < share:
            out.append(within())
    if within and all(len(piece) <= 1 for piece in out):
        out.insert(len(phrase) // 4 + 1, within())
    return "".join(out)

"""Markdown that shows a phrase in unusual ways."""

import odd_html
from spelling import spelled, words

WITHIN = {
    "emphasis": lambda r: r.choice(("**", "*", "~~", "***")),
    "comment": lambda r: r.choice(
        ("<!-- -->", "<!---->", "<b></b>", "<wbr>", "<i/>", "<?x?>", "<!X y>", "<![CDATA[x]]>")
    ),
    "empty link": lambda r: r.choice(("[](x)", "![](x)", "[](<x y> 'z')", "[](#)", "![](x 'y')")),
    "reference": lambda r: r.choice(("&shy;", "&#8203;", "&zwnj;", "&#173;", "&ZeroWidthSpace;")),
    "footnote": lambda r: "[^1]",
}


def wrapped(rng, phrase, open_and_close, share):
    """Some letters of `phrase` in marks of their own."""
    out = ""
    for character in phrase:
        if character != " " and rng.random() < share:
            before, after = rng.choice(open_and_close)
            out += before + character + after
        else:
            out += character
    return out


def stretches(rng, phrase, open_and_close):
    """Stretches of `phrase`, some of them in marks."""
    out, at = "", 0
    while at < len(phrase):
        length = rng.randint(1, 6)
        piece, at = phrase[at : at + length], at + length
        if piece.strip() == piece and rng.random() < 0.5:
            before, after = rng.choice(open_and_close)
            out += before + piece + after
        else:
            out += piece
    return out


LINKS = [
    ("[", "](http://x.example/a)"),
    ("[", "](x)"),
    ("[", "](<a b>)"),
    ("[", "](/x 'title')"),
    ("[", '](x "a) b")'),
    ("[", "][r]"),
    ("[", "][]"),
    ("[", "]()"),
    ("<a href=x>", "</a>"),
    ("![", "](x)"),
    ("[", "](x(y)z)"),
    ("[", "](\\))"),
    ("[![", "](x)](y)"),
    ("[", "](http://x.example/?a=b&c=d#e)"),
    ("[", "](#)"),
    ("[", "](mailto:a@b.example)"),
    ("[", "](x\n'y')"),
]
MARKS = [
    ("**", "**"),
    ("*", "*"),
    ("***", "***"),
    ("~~", "~~"),
    ("`", "`"),
    ("``", "``"),
    ("<b>", "</b>"),
    ("*<i>", "</i>*"),
    ("<u>", "</u>"),
    ("~", "~"),
    ("==", "=="),
    ("^", "^"),
    ("**_", "_**"),
    ("`` ", " ``"),
    ("<span class='x'>", "</span>"),
    ("<kbd>", "</kbd>"),
]


def escaped(rng, phrase):
    """With references, and with line ends for spaces."""
    out = ""
    for character in phrase:
        code = ord(character)
        out += rng.choice((character, f"&#{code};", f"&#x{code:x};", f"&#X{code:05X};"))
    return out


SPACES = {
    "hard break": lambda r: r.choice(("  \n", "\\\n", "   \n   ", "<br>", "<br>\n")),
    "soft break": lambda r: r.choice(("\n", " \n ", "\n  ")),
    "reference": lambda r: r.choice(("&nbsp;", "&#32;", "&Tab;", "&emsp;")),
    "marks": lambda r: r.choice(
        ("** **", "* *", " ** ", " <b></b>", " <!-- x --> ", " [](x) ", " ![](x) ", "</b> <b>", " \\\n")
    ),
    "comment": lambda r: " <!-- not --> ",
}

PLACES = {
    "paragraph": lambda r, s: s,
    "heading": (
        lambda r, s: r.choice(("# {}", "{}\n===", "###### {} ######", "## {} {{#id}}")).format(s.replace("\n", " "))
    ),
    "list": lambda r, s: r.choice(("- {}\n- x", "1. {}", "* x\n\n  {}", "- [ ] {}", "+ x\n    + {}")).format(s),
    "quote": lambda r, s: "\n".join("> " + line for line in s.split("\n")),
    "lazy quote": lambda r, s: "> " + s,
    "table": (
        lambda r, s: r.choice(
            ("| a | b |\n|---|---|\n| {} | x |", "a | b\n-|-\n{} | x", "| {} |\n|:-:|\n| x |")
        ).format(s.replace("\n", " "))
    ),
    "code": lambda r, s: "    " + s.replace("\n", " "),
    "definition": lambda r, s: f"x\n:   {s}",
    "link title": lambda r, s: f"[x](y '{s}')",
    "html": (
        lambda r, s: r.choice(
            (
                "<div>\n\n{}\n\n</div>",
                "<div>{}</div>",
                "<table><tr><td>\n\n{}\n\n</td></tr></table>",
                "<p>{}</p>",
                "<details open>\n\n{}\n</details>",
            )
        ).format(s)
    ),
    "continued": lambda r, s: "x\n" + s,
    "footnote": lambda r, s: f"x[^n]\n\n[^n]: {s}",
}


def changed(rng, phrase, done):
    kind = rng.choice(
        ("letters", "stretches", "links", "within", "references", "html", "columns", "quoted lines", "autolink")
    )
    done.append(kind)
    if kind == "letters":
        return wrapped(rng, phrase, [rng.choice(MARKS)], rng.choice((0.2, 1)))
    if kind == "stretches":
        return stretches(rng, phrase, MARKS)
    if kind == "links":
        return stretches(rng, phrase, [rng.choice(LINKS)] if rng.random() < 0.7 else LINKS)
    if kind == "references":
        return escaped(rng, phrase)
    if kind == "html":
        return odd_html.phrase_in(rng, phrase, done)
    if kind == "columns":
        return phrase.replace(" ", rng.choice((" | ", "\n\n", "\n* ", " |\n| ")))
    if kind == "quoted lines":
        return phrase.replace(" ", rng.choice(("\n> ", "  \n> > ", "\n>", "\n  > ")))
    if kind == "autolink":
        return stretches(rng, phrase, [("<http://", ">"), ("<", "@x.example>"), ("http://x.example/", "")])
    inside = rng.choice(list(WITHIN))
    done.append(f"within: {inside}")
    return spelled(rng, phrase, lambda c: c, lambda: WITHIN[inside](rng), None)


def make(rng, phrase):
    """Name, media type, bytes, and what was done."""
    done = []
    shown = changed(rng, phrase, done)
    if rng.random() < 0.4:
        outside = rng.choice(list(SPACES))
        done.append(f"between: {outside}")
        shown = "".join(SPACES[outside](rng) if c == " " and rng.random() < 0.7 else c for c in shown)
    place = rng.choice(list(PLACES))
    done.append(f"in {place}")
    before, after = rng.choice((("", ""), (words(rng) + "\n\n", "\n\n" + words(rng))))
    text = before + PLACES[place](rng, shown) + after + "\n\n[r]: http://x.example 'r'\n[^1]: " + words(rng) + "\n"
    return "md", "text/markdown", text.encode(), done

"""Texts, markup and forms that cost as much as they can."""
import base64
import json

FORM = "multipart/form-data; boundary=bb"


def form(parts):
    lines = b"".join(b"--bb\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts)
    return lines + b"--bb--\r\n"


def field(number):
    return b'Content-Disposition: form-data; name="f%d"' % number


def file(number):
    return field(number) + b'; filename="f%d"' % number


def fill(piece, size):
    return piece * max(1, size // len(piece))


def keyword_like(size):
    """Words that rules nearly match."""
    return fill(b"kil yourself kll yourslf buy meth now 4532 0151 1283 0366 DE89 3704 0044 0532 0130 00 a@b.co ", size)


def nested_data_uris(size):
    content = b"hello"
    while len(content) * 4 // 3 + 40 < size:
        content = b'<img src="data:text/html;base64,' + base64.b64encode(content * 2) + b'">'
    return content


def nested_base64(size):
    content = b"x" * (size // 3)
    while len(content) * 4 // 3 < size:
        content = base64.b64encode(content)
    return content


def mail(size, depth):
    head = b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    return b"".join(head % (i, i) for i in range(min(depth, size // 110)))


def mail_parts(size):
    part = b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
    return b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + fill(part, size)


def encoded_words(size):
    return b"From: a@example.org\r\nSubject: " + fill(b"=?utf-8?q?=41?=\r\n ", size) + b"\r\n\r\nx"


def entities(size):
    bomb = b'<!DOCTYPE a [<!ENTITY a "' + b"x" * 1000 + b'">'
    bomb += b"".join(b'<!ENTITY b%d "%s">' % (i, b"&a;" * 100) for i in range(10))
    return bomb + b"]><a>" + fill(b"&b0;&b1;", size) + b"</a>"


def shapes(size):
    yield "data-uri-open", None, lambda: fill(b"data:;base64,", size)
    yield "data-uri-plain", None, lambda: fill(b"data:,", size)
    yield "data-uri-utf8", None, lambda: fill(b"data:image/svg+xml;utf8,", size)
    yield "data-uri-escaped", None, lambda: fill(b"data:,%64ata:,", size)
    yield "data-uri-long", None, lambda: b"data:;base64," + fill(b"ZGF0YTo7YmFzZTY0L", size)
    yield "data-uri-spaces", None, lambda: fill(b"data:image/png;base64," + b"A \n" * 50, size)
    yield "data-uri-nested", "text/html", lambda: nested_data_uris(size)
    yield "data-uri-field", FORM, lambda: form([(field(0), fill(b"data:;base64,", size))])
    yield "data-uri-json", "application/json", lambda: json.dumps("data:;base64," * (size // 13)).encode()
    yield "base64-nested", None, lambda: nested_base64(size)
    yield "base64-fields", FORM, lambda: form([(field(i), b"UEsDBA" * 10) for i in range(size // 120)])
    yield "form-parts", FORM, lambda: form([(field(i), b"x") for i in range(size // 60)])
    yield "form-files", FORM, lambda: form([(file(i), b"x") for i in range(size // 80)])
    yield "form-urlencoded", "application/x-www-form-urlencoded", lambda: fill(b"a=%41&", size)
    yield "json-strings", "application/json", lambda: b"[" + fill(b'"a",', size) + b'""]'
    yield "json-base64", "application/json", lambda: b"[" + fill(b'"UEsDBBQAAAAIAAAAAAAAAAAA",', size) + b'""]'
    yield "json-deep", "application/json", lambda: b"[" + fill(b"[" * 120 + b"1" + b"]" * 120 + b",", size) + b"1]"
    yield "json-nested-strings", "application/json", lambda: nested_json(size)
    yield "json-escapes", "application/json", lambda: b'["' + fill(b"\\u0064\\ud83d\\ude00", size) + b'"]'
    yield "jsonl", "application/x-ndjson", lambda: fill(b'{"type":"text","x":"data:,"}\n', size)
    yield "xml-interleaved", "application/xml", lambda: fill(b"<a>" + b"x<a>y" * 119 + b"</a>x" * 120, size)
    yield "xml-interleaved-900", "application/xml", lambda: b"<r>" + fill(b"<a>x" * 120 + b"</a>x" * 120, size) + b"</r>"
    yield "xml-wide", "application/xml", lambda: b"<r>" + fill(b"<a>x</a>", size) + b"</r>"
    yield "xml-attributes", "application/xml", lambda: b"<r " + b" ".join(b'a%d="x"' % i for i in range(size // 12)) + b"/>"
    yield "xml-entities", "application/xml", lambda: entities(size)
    yield "xml-cdata", "application/xml", lambda: b"<r>" + fill(b"<![CDATA[x]]>y", size) + b"</r>"
    yield "svg-interleaved", "image/svg+xml", lambda: b"<svg>" + fill(b"<g>x" * 100 + b"</g>x" * 100, size) + b"</svg>"
    yield "html-tags", "text/html", lambda: fill(b"<b>", size)
    yield "html-open", "text/html", lambda: fill(b"<", size)
    yield "html-comments", "text/html", lambda: fill(b"<!--", size)
    yield "html-attribute", "text/html", lambda: fill(b'<a b="', size)
    yield "html-references", "text/html", lambda: fill(b"&#x64;&amp;", size)
    yield "html-style", "text/html", lambda: fill(b"<style><script><title>", size)
    yield "text-keywords", "text/plain", lambda: keyword_like(size)
    yield "text-marks", "text/plain", lambda: b"a" + fill("\u0301\u0300".encode(), size)
    yield "text-lookalikes", "text/plain", lambda: fill("\u0430\u0455\u0501 \u200b\u200d".encode(), size)
    yield "text-escapes", "text/plain", lambda: fill(b"%2541\\u0041&#65;", size)
    yield "text-digits", "text/plain", lambda: fill(b"4532015112830366 ", size)
    yield "text-hex", "text/plain", lambda: fill(b"504b0304", size)
    yield "text-utf16", "text/plain", lambda: "kil yourself ".encode("utf-16-le") * (size // 26)
    yield "text-words", "text/plain", lambda: fill(b"a ", size)
    yield "text-thai", "text/plain", lambda: fill("\u0e01\u0e32\u0e23".encode(), size)
    yield "mail-deep", "message/rfc822", lambda: mail(size, 10_000)
    yield "mail-parts", "message/rfc822", lambda: mail_parts(size)
    yield "mail-words", "message/rfc822", lambda: encoded_words(size)
    yield "rtf", "text/rtf", lambda: b"{\\rtf1 " + fill(b"{\\b x}", size) + b"}"
    yield "rtf-deep", "text/rtf", lambda: b"{\\rtf1 " + fill(b"{\\b ", size)
    yield "subtitles", "text/vtt", lambda: b"WEBVTT\n\n" + fill(b"00:01.000 --> 00:02.000\nx\n\n", size)
    yield "protobuf", "application/x-protobuf", lambda: fill(b"\x0a\x02hi", size)
    yield "grpc", "application/grpc", lambda: fill(b"\0\0\0\0\x04\x0a\x02hi", size)


def nested_json(size):
    content = "x"
    while len(content) * 2 < size and len(content) < size // 3:
        content = json.dumps([content, content])
    return content.encode()

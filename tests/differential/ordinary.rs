//! Forms as ordinary clients send them, with the listed bytes as a file or as a field. `{b}` is the client's boundary.

use super::Request;
use super::grammar::filled;
use super::random::Random;

struct Form {
    boundary: &'static [u8],
    content_type: &'static [u8],
    body: &'static [u8],
}

const PLAIN: &[u8] = b"multipart/form-data; boundary={b}";
const QUOTED: &[u8] = b"multipart/form-data; boundary=\"{b}\"";

const FORMS: &[Form] = &[
    // curl
    Form {
        boundary: b"------------------------9dbbd6dcd8d9f2c5",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Chromium
    Form {
        boundary: b"----WebKitFormBoundarySkqEZWPQ5ADgMTBw",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nh\xc3\xa9\r\nx\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\xc3\xa9 %22.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"b.txt\"\r\nContent-Type: text/plain\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Firefox
    Form {
        boundary: b"----geckoformboundaryd0e2a5c7c5d4e7f1b3a6980b1c2d3e4f",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"e\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"dir/a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}--\r\n",
    },
    // requests, urllib3
    Form {
        boundary: b"0c5d2e3bb2f4a1b0e7d55c2f7a6f9a31",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // aiohttp
    Form {
        boundary: b"5f3c8a0e1a2b4c6d9e8f7a6b5c4d3e2f",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // OkHttp
    Form {
        boundary: b"4a9b0f5e-3c1d-4e2f-8a7b-6c5d4e3f2a1b",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\nContent-Length: 15\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\nContent-Length: 8\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // .NET
    Form {
        boundary: b"d3f0c1a2-9b8e-4d7c-a6f5-e4d3c2b1a098",
        content_type: QUOTED,
        body: b"--{b}\r\nContent-Type: image/jpeg\r\nContent-Disposition: form-data; name=f; filename=a.jpg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=t\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // .NET, with a file name given to `Add`
    Form {
        boundary: b"d3f0c1a2-9b8e-4d7c-a6f5-e4d3c2b1a098",
        content_type: QUOTED,
        body: b"--{b}\r\nContent-Disposition: form-data; name=f; filename=a.jpg; filename*=utf-8''a.jpg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=t\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // got
    Form {
        boundary: b"form-data-encoder-43w27uu9t7tdztwb",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}--\r\n\r\n",
    },
    // Apache HttpClient
    Form {
        boundary: b"-Zk3mT8pQ_xW2vL5nR7sJ1yH4",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // undici
    Form {
        boundary: b"----formdata-undici-030512482735",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"blob\"\r\nContent-Type: application/octet-stream\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"a[b]\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Go, mime/multipart
    Form {
        boundary: b"1f2a45d8c9b0e3f7a6d5c4b3a29180f7e6d5c4b3a29180f7e6d5c4b3a291",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: application/octet-stream\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Chromium, a path of Windows
    Form {
        boundary: b"----WebKitFormBoundarySkqEZWPQ5ADgMTBw",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"C:\\x\\y.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // curl, a path of Windows
    Form {
        boundary: b"------------------------9dbbd6dcd8d9f2c5",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"C:\\\\x\\\\y.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // curl before 7.81, quotes
    Form {
        boundary: b"------------------------9dbbd6dcd8d9f2c5",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\\\"q\\\".jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // urllib3 before 1.25
    Form {
        boundary: b"0c5d2e3bb2f4a1b0e7d55c2f7a6f9a31",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename*=utf-8''%C3%9C.jpg\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Chromium, a tab
    Form {
        boundary: b"----WebKitFormBoundarySkqEZWPQ5ADgMTBw",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\tb.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Chromium, a file without a name
    Form {
        boundary: b"----WebKitFormBoundarySkqEZWPQ5ADgMTBw",
        content_type: PLAIN,
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Apache HttpClient 5
    Form {
        boundary: b"httpclient_boundary_7k2mQ",
        content_type: b"multipart/form-data; charset=ISO-8859-1; boundary={b}",
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Feign
    Form {
        boundary: b"18a5c1b7e22",
        content_type: b"multipart/form-data; charset=UTF-8; boundary={b}",
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: binary\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // old samples for .NET
    Form {
        boundary: b"---------------------------8d1a2b3c4d5e6f7",
        content_type: PLAIN,
        body: b"\r\n--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // mailers
    Form {
        boundary: b"===============7330845974216740156==",
        content_type: b"multipart/form-data; boundary={b}",
        body: b"--{b}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.jpg\"\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nRVZJTC1GSUxFLUJZVEVT\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // Google Drive
    Form {
        boundary: b"foo_bar_baz",
        content_type: b"multipart/related; boundary={b}",
        body: b"--{b}\r\nContent-Type: image/jpeg\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
    // mail clients, folded
    Form {
        boundary: b"----=_Part_1_23.45",
        content_type: QUOTED,
        body: b"--{b}\r\nContent-Type: image/jpeg;\r\n name=\"a.jpg\"\r\nContent-Disposition: form-data;\r\n name=\"f\"; filename=\"a.jpg\"\r\n\r\nEVIL-FILE-BYTES\r\n--{b}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nharmless\r\n--{b}--\r\n",
    },
];

pub(super) fn request(random: &mut Random) -> Request {
    let form = random.pick(FORMS);
    Request { content_type: filled(form.content_type, form.boundary), body: filled(form.body, form.boundary) }
}

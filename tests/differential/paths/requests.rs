//! Requests in the spellings that servers differ about: a seeded grammar of targets, methods and headers.

use super::super::EVIL;
use super::super::random::Random;

/// A request as it is sent.
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
}

/// Paths that handlers of inspected patterns run for, and some others.
const PATHS: [&str; 12] = [
    "/upload",
    "/upload/",
    "/upload/a",
    "/upload/a/b.jpg",
    "/form.php",
    "/api/7/file",
    "/submit",
    "/store",
    "/",
    "/zzz",
    "/upload.php/a",
    "/static/a.png",
];

const METHODS: [&str; 14] = [
    "POST", "PUT", "PATCH", "GET", "DELETE", "OPTIONS", "PROPFIND", "QUERY", "MKCOL", "REPORT", "FOO", "SEARCH",
    "LOCK", "LINK",
];

/// Headers by which a client may steer a request.
const HEADERS: [&str; 28] = [
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Original-URI",
    "X-Rewrite-URI",
    "X-Forwarded-Uri",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Forwarded-PathBase",
    "X-Script-Name",
    "SCRIPT_NAME",
    "PATH_INFO",
    "REQUEST_URI",
    "QUERY_STRING",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Forwarded-Method",
    "X-Forwarded-Host",
    "Forwarded",
    "X-Host",
    "Destination",
    "Referer",
    "Origin",
    "Content-Location",
    "X-Accel-Redirect",
    "X-Sendfile",
    "Upload-Offset",
    "X-Envoy-Original-Path",
];

/// What is put somewhere in a path.
const INSERTIONS: [&str; 44] = [
    "/",
    "//",
    "/./",
    "/../",
    "/x/../",
    "/x/%2e%2e/",
    "/%2e/",
    "%2f",
    "%2F",
    "\\",
    "%5c",
    "/..;/",
    ";",
    ";a=b",
    ";/",
    "%3b",
    "%3f",
    "?",
    "?/",
    "#",
    "%23",
    "%00",
    "%0a",
    "%0d%0a",
    "%09",
    "%20",
    "+",
    ".",
    "..",
    "%2e",
    "%252f",
    "%25",
    "%",
    "~",
    "&a=b",
    ":",
    "@",
    ",",
    "!",
    "%c0%af",
    "%ef%bc%8f",
    "%e2%80%8b",
    "*",
    "%u002f",
];

const STARTS: [&str; 22] = [
    "//localhost",
    "///localhost",
    "//a@b:80",
    "/\\localhost",
    "/%2flocalhost",
    "//",
    "/.",
    "/..",
    "/x/..",
    "/zzz",
    "/index.php",
    "/app/index.php",
    "/form.php",
    "/%2e%2e",
    "/;a=b",
    "/x;/..",
    "/x/..;",
    "/%20",
    "/http://localhost",
    "/http:/localhost",
    "/..%2f",
    "/%2e%2e%5c",
];

const ENDS: [&str; 26] = [
    "/",
    "//",
    "/.",
    "/..",
    "/x/..",
    "/a",
    "/a.png",
    ".json",
    ".html",
    ".php",
    ";a=b",
    ";.png",
    "%20",
    ".",
    "%2e",
    "%00",
    "%00.png",
    "%0a",
    "%2f",
    "%5c",
    "?a=b",
    "?_method=PUT",
    "%3fa=b",
    "#a",
    "::$DATA",
    "/index.php",
];

/// A request to the router `name`.
pub(super) fn request(random: &mut Random, name: &str) -> Request {
    let mut path = (*random.pick(&PATHS)).to_owned();
    for _ in 0..random.below(4) {
        edit(&mut path, random);
    }
    let host = format!("{name}.test");
    let mut target = path;
    match random.below(24) {
        0 => target = format!("http://{host}{target}"),
        1 => target = format!("https://{host}:80{target}"),
        2 => target = format!("http://{host}?{target}"),
        3 => target = format!("http://{host}"),
        4 => target = "*".to_owned(),
        _ => {}
    }
    let method = if random.once_in(3) { random.pick(&METHODS) } else { METHODS[random.below(2)] };
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n").into_bytes();
    if random.once_in(3) {
        for _ in 0..=random.below(2) {
            bytes.extend(header(random, name).into_bytes());
        }
    }
    bytes.extend(format!("Content-Length: {}\r\n\r\n", EVIL.len()).into_bytes());
    bytes.extend(EVIL);
    Request { bytes }
}

fn pick(random: &mut Random, choices: &[&'static str]) -> &'static str {
    choices[random.below(choices.len())]
}

fn edit(path: &mut String, random: &mut Random) {
    let at = position(path, random);
    match random.below(12) {
        0 | 1 => path.insert_str(at, pick(random, &INSERTIONS)),
        2 | 3 => path.insert_str(0, pick(random, &STARTS)),
        4 | 5 => path.push_str(pick(random, &ENDS)),
        6 | 7 => respell(path, at, random),
        8 => *path = path.replacen('/', pick(random, &INSERTIONS), 1 + random.below(2)),
        9 => {
            let letters: String = path
                .chars()
                .map(|letter| if random.once_in(2) { letter.to_ascii_uppercase() } else { letter })
                .collect();
            *path = letters;
        }
        10 if at < path.len() => drop(path.remove(at)),
        _ => {
            // Letters that are others without case.
            let respelt = if random.once_in(2) { path.replace('s', "%c5%bf") } else { path.replace('i', "%c4%b0") };
            *path = respelt;
        }
    }
}

/// One letter, written in another way.
fn respell(path: &mut String, at: usize, random: &mut Random) {
    let Some(letter) = path[at..].chars().next().filter(char::is_ascii) else {
        return;
    };
    let code = u32::from(letter);
    let spelt = match random.below(6) {
        0 => format!("%{code:02X}"),
        1 => format!("%{code:02x}"),
        2 => format!("%25{code:02x}"),
        3 => format!("%2525{code:02x}"),
        4 => format!("%u{code:04x}"),
        _ => format!("%{:02x}%{:02x}", 0xc0 | (code >> 6), 0x80 | (code & 0x3f)),
    };
    path.replace_range(at..=at, &spelt);
}

/// A place in `path`, which is ASCII.
fn position(path: &str, random: &mut Random) -> usize {
    if random.once_in(2) {
        // Where segments meet, most servers differ.
        let slashes: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        if !slashes.is_empty() {
            return *random.pick(&slashes) + random.below(2);
        }
    }
    random.below(path.len() + 1)
}

fn header(random: &mut Random, name: &str) -> String {
    let mut field = (*random.pick(&HEADERS)).to_owned();
    field = match random.below(8) {
        0 => field.replace('-', "_"),
        1 => field.replace('-', "."),
        2 => field.replace('_', "-"),
        3 => field.to_ascii_lowercase(),
        _ => field,
    };
    let path = *random.pick(&PATHS);
    let value = match random.below(7) {
        0 | 1 => path.to_owned(),
        2 => format!("http://{name}.test{path}"),
        3 => (*random.pick(&["/zzz", "/x", "/app", "/"])).to_owned(),
        4 => (*random.pick(&METHODS)).to_owned(),
        5 => format!("host={name}.test"),
        _ => "PUT".to_owned(),
    };
    format!("{field}: {value}\r\n")
}

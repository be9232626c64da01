//! The paths that servers read in one path: `/up%6Coad`, `//upload`, `/x/../upload`, `/upload;a=b`, `/upload.php/x`.
//!
//! Each reading is here because a server in common use has it; `tests/differential/paths` asks some of them.

use std::collections::BTreeSet;

/// Ends of the names of scripts, for which servers take what follows in a path as an argument (`PATH_INFO` of CGI).
const SCRIPTS: [&str; 27] = [
    "php", "php3", "php4", "php5", "php7", "php8", "phtml", "phar", "phps", "cgi", "fcgi", "pl", "plx", "pm", "py",
    "pyc", "rb", "asp", "aspx", "ashx", "asmx", "svc", "cfm", "cfc", "dll", "exe", "lua",
];

/// Bytes that the readings of one target may have together: of each, every route asks whether it fits. The longest path
/// has a quarter of it. One of a few KiB that names script after script would have gigabytes.
const MOST: usize = 256 << 10;

/// What one path is read as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Readings {
    /// As it was sent, which is the first, and what decoding, path parameters, `\` and dots make of it.
    sure: Vec<Reading>,
    /// A script in it, and what follows the script.
    scripts: Vec<Reading>,
    /// What few servers read: a name without its ending, or without what Windows or a line-wise pattern leaves out.
    loose: Vec<Reading>,
    /// The bytes of all of them, and of the first that had no room.
    bytes: usize,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    text: String,
    /// In lower case, with one slash at the end: made once for all routes.
    folded: String,
}

impl Reading {
    fn of(text: String) -> Self {
        let mut folded = folded(&text);
        folded.truncate(folded.trim_end_matches('/').len());
        folded.push('/');
        Self { text, folded }
    }

    /// As patterns compare it: in lower case and without slashes at the end.
    pub(super) fn bare(&self) -> &str {
        &self.folded[..self.folded.len() - 1]
    }

    /// The same with a slash at the end.
    pub(super) fn with_slash(&self) -> &str {
        &self.folded
    }
}

impl Readings {
    /// The readings of `path`, which has no query.
    pub(super) fn of(path: &str) -> Self {
        let sure = sure(path);
        let mut bytes: usize = sure.iter().map(String::len).sum();
        let mut has_room = |text: &str| {
            bytes += text.len();
            bytes <= MOST
        };
        let scripts = sure.iter().flat_map(|path| scripts(path)).take_while(|script| has_room(script));
        let scripts: Vec<String> = scripts.map(str::to_owned).collect();
        let loose = sure.iter().chain(&scripts).flat_map(|path| loose(path)).take_while(|path| has_room(path));
        let loose = loose.map(Reading::of).collect();
        let [sure, scripts] = [sure, scripts].map(|paths| paths.into_iter().map(Reading::of).collect());
        Self { sure, scripts, loose, bytes }
    }

    /// Whether there are more than are kept, so that no route can be told.
    pub(super) fn are_too_many(&self) -> bool {
        self.bytes > MOST
    }

    pub(super) fn add(&mut self, others: Self) {
        self.bytes += others.bytes;
        self.sure.extend(others.sure);
        self.scripts.extend(others.scripts);
        self.loose.extend(others.loose);
    }

    /// Those that must fit a route that lets uploads pass.
    pub(super) fn sure(&self) -> impl Iterator<Item = &Reading> {
        self.sure.iter()
    }

    /// The texts of these.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.sure.iter().map(|reading| reading.text.as_str())
    }

    /// A script in the path, and what follows it.
    pub(super) fn scripts(&self) -> impl Iterator<Item = &Reading> {
        self.scripts.iter()
    }

    /// Those of which one is enough for a route that inspects.
    pub(super) fn all(&self) -> impl Iterator<Item = &Reading> {
        self.sure().chain(self.scripts()).chain(&self.loose)
    }
}

/// Whether a segment of a path, or of a pattern for paths, names a script.
pub(super) fn is_script(segment: &str) -> bool {
    segment.rsplit_once('.').is_some_and(|(_, end)| SCRIPTS.iter().any(|script| end.eq_ignore_ascii_case(script)))
}

/// Case as it does not count: Unicode's, since patterns that ignore case find letters of other scripts as well,
/// Python's for example `ı` and `İ` for `i`, `ſ` for `s` and the sign of Kelvin for `k`.
pub(super) fn folded(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    let fold = |letter: char| match letter {
        'ſ' => 's',
        'ı' | 'İ' => 'i',
        letter => letter,
    };
    path.chars().map(fold).flat_map(char::to_lowercase).collect()
}

/// The path as sent, and what decoding percent escapes (once and twice), dropping path parameters, reading `\` as `/`,
/// an end at NUL, `?` or `#`, a host at the start and resolving `//`, `.` and `..` make of it. Without duplicates;
/// almost always just one.
fn sure(path: &str) -> Vec<String> {
    let mut readings = vec![path.to_owned()];
    if path == "*" {
        // OPTIONS for the server as a whole, which handlers of all paths get as well.
        readings.push("/".to_owned());
    }
    if is_plain(path) {
        return readings;
    }
    let once = percent_decoded(path);
    let twice = percent_decoded(&once);
    let spellings: BTreeSet<String> = [path.to_owned(), once, twice]
        .into_iter()
        .flat_map(|spelling| {
            let without_parameters = drop_parameters(&spelling);
            [spelling, without_parameters]
        })
        .flat_map(|spelling| {
            let without_host = without_host(&spelling);
            std::iter::once(spelling).chain(without_host)
        })
        .flat_map(|spelling| {
            let unix = spelling.replace('\\', "/");
            let cut = spelling.split(['\0', '?', '#']).next().unwrap_or_default().to_owned();
            [resolve_segments(&cut), resolve_segments(&unix), cut, spelling]
        })
        .collect();
    readings.extend(spellings.into_iter().filter(|spelling| spelling != path));
    readings
}

fn is_plain(path: &str) -> bool {
    !path.contains(['%', ';', '\\', '\0', '?', '#']) && !path.contains("//") && !path.contains("/.")
}

/// What is left of `//host/path` where a path is read as a reference to a URL: a browser's `URL` takes any number of
/// slashes and backslashes there (WHATWG URL, "special authority ignore slashes state").
fn without_host(path: &str) -> Option<String> {
    let host = path.trim_start_matches(['/', '\\']);
    if path.len() - host.len() < 2 {
        return None;
    }
    Some(host.find(['/', '\\']).map_or_else(|| "/".to_owned(), |end| host[end..].to_owned()))
}

/// `%75`, and `%u0075` as servers of Windows read it.
fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |from: usize, digits: usize| {
            let digits = bytes.get(at + from..at + from + digits)?;
            digits.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
        };
        if bytes[at] == b'%'
            && let Some(byte) = hex(1, 2)
        {
            decoded.push(byte as u8);
            at += 3;
        } else if bytes[at] == b'%'
            && matches!(bytes.get(at + 1), Some(b'u' | b'U'))
            && let Some(letter) = hex(2, 4).and_then(char::from_u32)
        {
            decoded.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
            at += 6;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn drop_parameters(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect();
    segments.join("/")
}

fn resolve_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let trailing = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{trailing}", kept.join("/"))
}

/// Each script in `path` that something follows, and what follows it: `/index.php/upload` runs /index.php, and many
/// programs that live in one script read /upload.
fn scripts(path: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    let ends = path.match_indices('/').filter_map(move |(end, _)| {
        let segment = &path[start..end];
        start = end + 1;
        is_script(segment).then_some(end)
    });
    ends.flat_map(|end| [&path[..end], &path[end..]])
}

/// What few servers leave out at the end of `path`.
fn loose(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A pattern for a line finds each line, and often one before a line end at the end of all.
    if path.contains(['\n', '\r']) {
        found.extend(path.split(['\n', '\r']).filter(|line| line.starts_with('/')).map(str::to_owned));
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    // Windows has neither dots nor blanks at the end of a name, and streams of a file behind a colon.
    let bare = name.split("::").next().unwrap_or_default().trim_end_matches(['.', ' ', '\t', '\n', '\r']);
    if bare.len() < name.len() {
        found.push(format!("{folder}/{bare}"));
    }
    // Rails runs /uploads for /uploads.json.
    if let Some((stem, end)) = bare.rsplit_once('.')
        && !stem.is_empty()
        && end.len() <= 8
        && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        found.push(format!("{folder}/{stem}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_has_one_sure_reading() {
        for path in ["/", "/upload", "/upload/a-b_c.jpg", "/a/b/"] {
            let readings = Readings::of(path);
            assert_eq!((readings.texts().collect::<Vec<_>>(), readings.scripts().count()), (vec![path], 0));
        }
    }

    #[test]
    fn what_servers_make_of_a_path_is_among_its_readings() {
        for (path, reading) in [
            ("/%75pload", "/upload"),
            ("/%2575pload", "/upload"),
            ("/%u0075pload", "/upload"),
            ("//localhost/upload", "/upload"),
            ("///localhost/upload", "/upload"),
            ("/\\localhost/upload", "/upload"),
            ("/%2f%2flocalhost/upload", "/upload"),
            ("//localhost", "/"),
            ("/upload%3fa=b", "/upload"),
            ("/upload%23a", "/upload"),
            ("/a%3f/../upload", "/upload"),
            ("/a;x=1/..;y/upload;z", "/upload"),
            ("/index.php/upload", "/upload"),
            ("/app/index.PHP/upload", "/upload"),
            ("/upload.php/", "/upload.php"),
            ("/upload.php%2fx", "/upload.php"),
            ("/upload.php;/x", "/upload.php"),
            ("/upload.json", "/upload"),
            ("/index.php/upload.json", "/upload"),
            ("/upload.php.", "/upload.php"),
            ("/upload.php%20", "/upload.php"),
            ("/upload.php::$DATA", "/upload.php"),
            ("/x%0a/upload", "/upload"),
            ("/upload%0a", "/upload"),
            ("*", "/"),
        ] {
            let readings = Readings::of(path);
            assert!(readings.all().any(|found| found.text == reading), "{path}: {readings:?}");
        }
    }

    #[test]
    fn readings_have_a_bound_that_no_ordinary_path_reaches() {
        let escaped = format!("/{}", "%C3%A4%2Fb".repeat(4000));
        for (path, are_too_many) in [
            (format!("/{}", "x".repeat(64 << 10)), false),
            ("/x".repeat(32 << 10), false),
            (escaped, false),
            ("/index.php/a.cgi/b.exe/c.py".repeat(8), false),
            ("/a.php".repeat(500), true),
            ("/a.php".repeat(10_000), true),
            ("//a.php;x%2541\\..".repeat(4000), true),
        ] {
            let readings = Readings::of(&path);
            let kept: usize = readings.all().map(|reading| reading.text.len()).sum();
            assert_eq!(readings.are_too_many(), are_too_many, "{}", &path[..20]);
            assert!(kept <= MOST + 48 * path.len(), "{}: {kept}", &path[..20]);
            let mut twice = readings.clone();
            twice.add(readings);
            assert!(!are_too_many || twice.are_too_many());
        }
    }

    #[test]
    fn letters_that_patterns_find_without_case_are_one() {
        assert_eq!(
            (folded("/UPLOAD"), folded("/Kelvin/ſet/Üİı")),
            ("/upload".to_owned(), "/kelvin/set/üii".to_owned())
        );
    }
}

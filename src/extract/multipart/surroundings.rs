//! What is around the parts of a body: before the first delimiter, after the last, and in the type that names them.

use memchr::memmem;

use super::readings::candidates;
use crate::extract::content_type::Multipart;

/// Longest text before the first delimiter that mailers write.
const MAX_PREAMBLE: usize = 1024;

/// Whether no server takes what comes before the first delimiter for a part: empty lines, or a few words to people
/// whose mail program knows of no parts. Django and Tornado look for headers there, which end in an empty line.
pub(super) fn is_harmless_preamble(text: &[u8]) -> bool {
    if is_empty_lines(text) {
        return true;
    }
    let is_of_words = |byte: u8| matches!(byte, b' '..=b'~') && byte != b':';
    let is_line = |line: &str| !line.is_empty() && line.bytes().all(is_of_words) && !line.contains("--");
    let lines = text.strip_suffix(b"\r\n").unwrap_or(text);
    text.len() <= MAX_PREAMBLE && str::from_utf8(lines).is_ok_and(|lines| lines.split("\r\n").all(is_line))
}

/// Whether `text` is nothing but CRLF, any number of times.
pub(super) fn is_empty_lines(text: &[u8]) -> bool {
    text.len().is_multiple_of(2) && text.chunks_exact(2).all(|line| line == b"\r\n")
}

/// Whether some server finds parts in `body` although its type names no boundary: CGI.pm takes `--` for a delimiter,
/// and what begins with one was meant to be in parts.
pub(in crate::extract) fn may_have_parts(body: &[u8]) -> bool {
    let ends_headers = |behind: &[u8]| memmem::find(behind, b"\r\n\r\n").is_some();
    body.trim_ascii_start().starts_with(b"--")
        || memmem::find(body, b"--").is_some_and(|delimiter| ends_headers(&body[delimiter..]))
}

/// Where a body has a boundary in it that only some servers read out of the type, outside of the delimiters.
pub(super) fn other_boundary(body: &[u8], declared: &Multipart<'_>) -> Option<usize> {
    let own = [b"--", declared.boundary.as_bytes()].concat();
    let others = candidates(declared.value, &[]);
    let others = others.iter().filter(|other| other.as_slice() != declared.boundary.as_bytes());
    let mut found = others.filter_map(|other| {
        let dashed = [b"--", other.as_slice()].concat();
        let is_within_own = |at: &usize| {
            let from = (at + dashed.len()).saturating_sub(own.len());
            (from..=*at).any(|start| body[start..].starts_with(&own))
        };
        memmem::find_iter(body, &dashed).find(|at| !is_within_own(at))
    });
    found.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_empty_lines_are_a_harmless_preamble() {
        let words = b"This is a multi-part message in MIME format.\r\n";
        for text in [&b""[..], b"\r\n", b"\r\n\r\n\r\n", words, &words[..words.len() - 2], b"one\r\ntwo\r\n"] {
            assert!(is_harmless_preamble(text), "{}", text.escape_ascii());
        }
        for text in [&b"\n"[..], b"X: y\r\n", b"a\r\n\r\nb", b"a\nb", b"--other", b"a\0", b"\r\na", b" \xff", b"\r"] {
            assert!(!is_harmless_preamble(text), "{}", text.escape_ascii());
        }
        assert!(!is_harmless_preamble(&[b'x'; MAX_PREAMBLE + 1]));
    }

    #[test]
    fn a_boundary_of_some_servers_only_may_not_be_in_the_body() {
        let at = |value: &str, boundary: &str, body: &str| {
            let declared = Multipart { boundary, is_form: true, value: value.as_bytes() };
            other_boundary(body.as_bytes(), &declared)
        };
        assert_eq!(at("multipart/form-data; boundary=a,b", "a,b", "--a,b\r\n\r\nx\r\n--a,b--"), None);
        assert_eq!(at("multipart/form-data; boundary=a,b", "a,b", "--a,b\r\n\r\n--a\r\n--a,b--"), Some(9));
        assert_eq!(at("multipart/form-data; boundary=\"a b\"", "a b", "--a b\r\n\r\n--a b--"), None);
        assert_eq!(at("multipart/form-data; boundary='b'", "'b'", "--'b'\r\n\r\n--b\r\n--'b'--"), Some(9));
    }
}

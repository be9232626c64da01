//! Requests whose body is a piece of a file that some servers put together, each in its own way, and Penstock does not.

use http::{HeaderMap, header};

/// Whether `headers` and `query` call a body of `length` bytes a piece of something larger. A range that is the whole
/// is none, as clients write it that send a file in one go.
///
/// Registries of containers have their own notation, `0-99`, which names no length: clients send a layer in one such
/// piece or in several. The one that starts at the start is inspected like any body, and all others are pieces.
///
/// Source: `Content-Range` in a request, RFC 9110 §14.5; "Pushing a blob in chunks", OCI Distribution Specification;
/// Google's resumable uploads (`X-Goog-Upload-…`); appending to
/// an object of Amazon S3 Express (`x-amz-write-offset-bytes`); Put Block, Append Block and Put Page of Azure's Blob
/// service; chunks of ownCloud and Nextcloud (`OC-…`).
pub fn is_partial(headers: &HeaderMap, query: Option<&str>, length: u64) -> bool {
    let Some(last) = length.checked_sub(1) else {
        return false;
    };
    let says_other = |name: &str, whole: &str| headers.get_all(name).iter().any(|value| value != whole);
    let ranges = headers.get_all(header::CONTENT_RANGE);
    let wholes = [format!("bytes 0-{last}/{length}"), format!("0-{last}")];
    ranges.iter().any(|range| wholes.iter().all(|whole| range != whole.as_str()))
        || ranges.iter().nth(1).is_some()
        || says_other("x-goog-upload-offset", "0")
        || says_other("x-amz-write-offset-bytes", "0")
        || says_other("oc-total-length", &length.to_string())
        || headers.contains_key("oc-chunked")
        || headers.get_all("x-goog-upload-command").iter().any(|command| !ends_upload(command.as_bytes()))
        || query.is_some_and(|query| is_block(query, headers))
}

/// `upload, finalize` sends the last bytes; `start` and `query` send none.
fn ends_upload(command: &[u8]) -> bool {
    let command = command.to_ascii_lowercase();
    let has = |word: &[u8]| command.windows(word.len()).any(|window| window == word);
    !has(b"upload") || has(b"finalize")
}

fn is_block(query: &str, headers: &HeaderMap) -> bool {
    query.split('&').any(|pair| match pair.to_ascii_lowercase().as_str() {
        "comp=block" | "comp=appendblock" => true,
        "comp=page" => headers.contains_key("x-ms-page-write"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_is_no_piece() {
        for (ranges, length, expected) in [
            (&[][..], 100, false),
            (&["bytes 0-99/100"], 100, false),
            (&["bytes */100"], 0, false),
            (&["0-99"], 100, false),
            (&["0-99"], 99, true),
            (&["0-98"], 100, true),
            (&["100-199"], 100, true),
            (&["0-99", "0-99"], 100, true),
            (&["bytes 0-99/*"], 100, true),
            (&["bytes 0-99/200"], 100, true),
            (&["bytes 0-98/100"], 99, true),
            (&["bytes 100-199/200"], 100, true),
            (&["items 0-99/100"], 100, true),
            (&["bytes 0-99/100", "bytes 0-99/100"], 100, true),
        ] {
            let mut headers = HeaderMap::new();
            for range in ranges {
                headers.append(header::CONTENT_RANGE, range.parse().unwrap());
            }
            assert_eq!(is_partial(&headers, None, length), expected, "{ranges:?}");
        }
    }

    #[test]
    fn pieces_of_other_protocols_are_known_by_their_headers_and_parameters() {
        for (name, value, query, expected) in [
            ("accept", "*/*", Some("comp=list&a=b"), false),
            ("accept", "*/*", Some("blockid=AAAA&comp=Block"), true),
            ("accept", "*/*", Some("comp=appendblock"), true),
            ("accept", "*/*", Some("comp=page"), false),
            ("x-ms-page-write", "update", Some("comp=page"), true),
            ("x-goog-upload-command", "start", None, false),
            ("x-goog-upload-command", "upload, finalize", None, false),
            ("x-goog-upload-command", "upload", None, true),
            ("x-goog-upload-offset", "0", None, false),
            ("x-goog-upload-offset", "100", None, true),
            ("x-amz-write-offset-bytes", "0", None, false),
            ("x-amz-write-offset-bytes", "100", None, true),
            ("oc-total-length", "100", None, false),
            ("oc-total-length", "200", None, true),
            ("oc-chunked", "1", None, true),
        ] {
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())]);
            assert_eq!(is_partial(&headers, query, 100), expected, "{name}: {value} {query:?}");
        }
    }
}

//! Requests whose body is a piece of a file that some servers put together, each in its own way, and Penstock does not:
//! other pieces of it lie where it cannot see them.

use http::HeaderMap;

/// Whether a request with `headers` and `query` brings `length` bytes of something larger, or puts together what lies
/// elsewhere.
///
/// Source: Google's resumable uploads (`X-Goog-Upload-…`); appending to an object of Amazon S3 Express
/// (`x-amz-write-offset-bytes`); Put Block, Append Block and Put Page of Azure's Blob service; `OC-Total-Length` of a
/// body that is not as long; SabreDAV's partial updates (`X-Update-Range`); upload sessions of Dropbox; manifests of
/// large objects in OpenStack Swift; parts that B2, Google and Azure copy from what they have (`b2_copy_part`,
/// `compose`, `x-ms-copy-source` of a block).
pub fn is_partial(headers: &HeaderMap, path: &str, query: Option<&str>, length: u64) -> bool {
    let says_other = |name: &str, whole: &str| headers.get_all(name).iter().any(|value| value != whole);
    let is_manifest = headers.contains_key("x-object-manifest")
        || query.is_some_and(|query| query.split('&').any(|pair| pair.eq_ignore_ascii_case("multipart-manifest=put")));
    let copies = || {
        let is_block_of_azure =
            headers.contains_key("x-ms-copy-source") && query.is_some_and(|query| is_block(query, headers));
        is_block_of_azure || is_copy_of_parts(path)
    };
    if length == 0 {
        return is_manifest || copies();
    }
    is_manifest
        || copies()
        || says_other("x-goog-upload-offset", "0")
        || says_other("x-amz-write-offset-bytes", "0")
        || says_other("oc-total-length", &length.to_string())
        || headers.contains_key("x-update-range")
        || headers.get_all("x-goog-upload-command").iter().any(|command| !ends_upload(command.as_bytes()))
        || headers.get_all("dropbox-api-arg").iter().any(|argument| is_session(argument.as_bytes()))
        || query.is_some_and(|query| is_block(query, headers))
}

/// Whether a request to `path` has B2 copy a part into a large file, or Google's JSON API put objects together.
fn is_copy_of_parts(path: &str) -> bool {
    let (before, last) = path.trim_end_matches('/').rsplit_once('/').unwrap_or_default();
    last == "b2_copy_part" && before.contains("/b2api/")
        || last == "compose" && before.contains("/storage/v1/b/") && before.contains("/o/")
}

/// Whether an argument of Dropbox's names a session that has begun, or begins one that is to go on.
fn is_session(argument: &[u8]) -> bool {
    let Ok(argument) = serde_json::from_slice::<serde_json::Value>(argument) else {
        return true;
    };
    let has_cursor = argument.get("cursor").is_some() || argument.get("entries").is_some();
    has_cursor || argument.get("close").is_some_and(|close| close != true)
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
            ("x-update-range", "append", None, true),
            ("accept", "*/*", Some("multipart-manifest=put"), true),
            ("x-object-manifest", "segments/a", None, true),
            ("dropbox-api-arg", r#"{"path":"/a"}"#, None, false),
            ("dropbox-api-arg", r#"{"close":true}"#, None, false),
            ("dropbox-api-arg", r#"{"close":false}"#, None, true),
            ("dropbox-api-arg", r#"{"cursor":{"session_id":"x","offset":9}}"#, None, true),
        ] {
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())]);
            assert_eq!(is_partial(&headers, "/", query, 100), expected, "{name}: {value} {query:?}");
        }
        for (path, expected) in [
            ("/b2api/v3/b2_copy_part", true),
            ("/storage/v1/b/bucket/o/a.png/compose", true),
            ("/mail/compose", false),
            ("/b2api/v3/b2_copy_file", false),
        ] {
            assert_eq!(is_partial(&HeaderMap::new(), path, None, 100), expected, "{path}");
        }
        let copied = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-ms-copy-source"),
            http::HeaderValue::from_static("https://a/b"),
        )]);
        assert!(is_partial(&copied, "/c/a.png", Some("comp=block&blockid=AAAA"), 0));
    }
}

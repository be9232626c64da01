//! Bodies that headers or the URL call a range or a numbered part of a file.
//!
//! Sources: `Content-Range` in a request, RFC 9110 §14.5, as jQuery File Upload, Google's resumable uploads and
//! Microsoft Graph send it; "Pushing a blob in chunks", OCI Distribution Specification, whose ranges name no length;
//! old chunks of ownCloud (`OC-Chunked`, `NAME-chunking-ID-COUNT-INDEX`); `b2_upload_part` of Backblaze's B2.

use http::{HeaderMap, Method, header};

use super::claim::{Claim, Contradiction, Naming, Place, plain_number};

/// What a request to `target` claims with its headers about its piece of `length` bytes. A form calls its file `named`.
///
/// # Errors
/// [`Contradiction`]: the range is not written as clients do, or is not that of the piece.
pub fn range_claim(
    method: &Method,
    target: &str,
    headers: &HeaderMap,
    named: Option<&str>,
    length: u64,
) -> Result<Option<Claim>, Contradiction> {
    let path = target.split('?').next().unwrap_or_default();
    if headers.contains_key("oc-chunked") {
        return of_owncloud(path).map(Some);
    }
    if let Some(number) = one(headers, "x-bz-part-number")? {
        let index = number.parse::<u64>().ok().and_then(|number| number.checked_sub(1)).ok_or(Contradiction)?;
        let upload = segment_after(path, "b2_upload_part").unwrap_or(path).to_owned();
        return Ok(Some(Claim { upload, place: Place { index: Some(index), offset: None }, ..Claim::default() }));
    }
    let upload = named.unwrap_or(if is_blob(path) { path } else { target }).to_owned();
    let naming = if named.is_some() { Naming::Name } else { Naming::Id };
    match one(headers, header::CONTENT_RANGE.as_str())? {
        Some(range) => {
            let (start, end, total) = read_range(range).ok_or(Contradiction)?;
            if end.checked_sub(start) != Some(length) || total.is_some_and(|total| end > total) {
                return Err(Contradiction);
            }
            let place = Place { index: None, offset: Some(start) };
            let is_last = blob_commit(method, target).is_some();
            Ok(Some(Claim { upload, naming, place, total, is_last, ..Claim::default() }))
        }
        // A blob may come in one piece without a range, or in several.
        None if *method == Method::PATCH && is_blob(path) => Ok(Some(Claim { upload, ..Claim::default() })),
        None if blob_commit(method, target).is_some() => Ok(Some(Claim { upload, is_last: true, ..Claim::default() })),
        None => Ok(None),
    }
}

/// The upload that a request without a piece puts together: the last one of a blob that is pushed in chunks.
pub fn blob_commit<'t>(method: &Method, target: &'t str) -> Option<&'t str> {
    let (path, query) = target.split_once('?')?;
    let is_last = *method == Method::PUT && is_blob(path) && query.split('&').any(|pair| pair.starts_with("digest="));
    is_last.then_some(path)
}

fn is_blob(path: &str) -> bool {
    path.contains("/blobs/uploads/")
}

/// The one value of a header.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Contradiction> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Contradiction);
    }
    first.to_str().map(|text| Some(text.trim())).map_err(|_| Contradiction)
}

/// Start, end and total of `bytes 0-99/200`, `bytes 0-99/*` and `0-99`.
fn read_range(range: &str) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = match range.strip_prefix("bytes ") {
        Some(range) => range.split_once('/')?,
        None => (range, "*"),
    };
    let (start, last) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(plain_number(total)?) };
    Some((plain_number(start)?, plain_number(last)? + 1, total))
}

fn of_owncloud(path: &str) -> Result<Claim, Contradiction> {
    let mut numbers = path.rsplitn(4, '-');
    let mut next = || numbers.next().ok_or(Contradiction);
    let (index, count, transfer, name) = (next()?, next()?, next()?, next()?);
    let number = |text: &str| text.parse::<u64>().map_err(|_| Contradiction);
    if !name.ends_with("-chunking") {
        return Err(Contradiction);
    }
    let place = Place { index: Some(number(index)?), offset: None };
    let (upload, count) = (format!("{name}-{transfer}"), Some(number(count)?));
    Ok(Claim { upload, place, first: Some(0), count, ..Claim::default() })
}

fn segment_after<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let mut segments = path.split('/').skip_while(|segment| *segment != name);
    segments.nth(1).filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
        length: u64,
    ) -> Result<Option<Claim>, Contradiction> {
        let headers =
            headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        range_claim(&method.parse().unwrap(), target, &headers, None, length)
    }

    #[test]
    fn ranges_and_numbers_say_where_a_body_belongs() {
        let of = |upload: &str, index, offset, count, total| {
            Ok(Some(Claim { upload: upload.into(), place: Place { index, offset }, count, total, ..Claim::default() }))
        };
        let blob = "/v2/a/blobs/uploads/7f?_state=x";
        for (method, target, headers, expected) in [
            (
                "PUT",
                "/a?upload_id=7",
                &[("content-range", "bytes 10-19/30")][..],
                of("/a?upload_id=7", None, Some(10), None, Some(30)),
            ),
            ("PUT", "/a", &[("content-range", "bytes 0-9/*")], of("/a", None, Some(0), None, None)),
            ("PATCH", blob, &[("content-range", "10-19")], of("/v2/a/blobs/uploads/7f", None, Some(10), None, None)),
            ("PATCH", blob, &[], of("/v2/a/blobs/uploads/7f", None, None, None, None)),
            (
                "PUT",
                "/dav/f.jpg-chunking-123-3-1",
                &[("oc-chunked", "1")],
                of("/dav/f.jpg-chunking-123", Some(1), None, Some(3), None)
                    .map(|claim| claim.map(|claim| Claim { first: Some(0), ..claim })),
            ),
            (
                "POST",
                "/b2api/v3/b2_upload_part/4_zf/3",
                &[("x-bz-part-number", "2")],
                of("4_zf", Some(1), None, None, None),
            ),
            ("POST", "/a", &[], Ok(None)),
            ("PUT", "/a", &[("content-range", "bytes 10-20/30")], Err(Contradiction)),
            ("PUT", "/a", &[("content-range", "bytes 10-19/15")], Err(Contradiction)),
            ("PUT", "/a", &[("content-range", "items 10-19/30")], Err(Contradiction)),
            ("PUT", "/a", &[("content-range", "0-9"), ("content-range", "10-19")], Err(Contradiction)),
            ("PUT", "/a", &[("oc-chunked", "1")], Err(Contradiction)),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.append(*name, value.parse().unwrap());
            }
            let found = range_claim(&method.parse().unwrap(), target, &all, None, 10);
            assert_eq!(found, expected, "{method} {target} {headers:?}");
        }
        assert!(claim("PATCH", "/a", &[], 10).unwrap().is_none());
        assert_eq!(blob_commit(&Method::PUT, "/v2/a/blobs/uploads/7f?digest=sha256:0"), Some("/v2/a/blobs/uploads/7f"));
        assert_eq!(blob_commit(&Method::PUT, "/v2/a/blobs/uploads/7f?x=y"), None);
    }
}

//! `Content-Range` in a request: a piece of a file that some servers put together, each in its own way.

use http::{HeaderMap, header};

/// Whether `headers` call a body of `length` bytes a piece of something larger. A range that is the whole is none, as
/// clients write it that send a file in one go.
pub fn is_partial(headers: &HeaderMap, length: u64) -> bool {
    let mut ranges = headers.get_all(header::CONTENT_RANGE).iter();
    let (Some(range), Some(last)) = (ranges.next(), length.checked_sub(1)) else {
        return false;
    };
    ranges.next().is_some() || range.as_bytes() != format!("bytes 0-{last}/{length}").as_bytes()
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
            (&["bytes 0-99/*"], 100, true),
            (&["bytes 0-99/200"], 100, true),
            (&["bytes 0-98/100"], 99, true),
            (&["bytes 100-199/200"], 100, true),
            (&["items 0-99/100"], 100, true),
            (&["bytes 0-99/100", "bytes 100-199/200"], 100, true),
        ] {
            let mut headers = HeaderMap::new();
            for range in ranges {
                headers.append(header::CONTENT_RANGE, range.parse().unwrap());
            }
            assert_eq!(is_partial(&headers, length), expected, "{ranges:?}");
        }
    }
}

//! What a request says beside its bytes: numbers and ids, whatever they are called and wherever they are.

use crate::resumable::chunked::plain_form;
use crate::resumable::claim::{piece_hash, plain_number};

/// Letters of a value that are looked at.
const MAX_VALUE: usize = 512;

/// Numbers and ids that are kept of one request.
const MAX_TOKENS: usize = 32;

/// Letters and digits of an id that has a digit, and of one that has none.
const MIN_ID: usize = 6;
const MIN_ID_OF_LETTERS: usize = 16;

/// In the names of what only pieces have.
const OF_PIECES: [&str; 17] = [
    "chunk",
    "segment",
    "slice",
    "partno",
    "partnum",
    "partindex",
    "filepart",
    "blockindex",
    "startbyte",
    "resumeat",
    "uploadphase",
    "contentrange",
    "filerange",
    "append",
    "sequence",
    "rangestart",
    "up2k",
];

/// In the names of offsets that are none of bytes.
const OF_CLOCKS: [&str; 5] = ["zone", "utc", "tz", "gmt", "time"];

/// Names of where a piece belongs, which other things have as well.
const WHERE: [&str; 17] = [
    "", "index", "idx", "i", "n", "no", "number", "part", "seq", "position", "pos", "start", "from", "range",
    "progress", "current", "block",
];

/// Names of how many there are, how long the whole is, or what it is called; and ends of such names.
const BESIDE: [&str; 14] = [
    "total", "of", "count", "parts", "size", "filesize", "end", "last", "islast", "eof", "final", "length", "uploadid",
    "name",
];
const BESIDE_ENDS: [&str; 12] =
    ["id", "uuid", "guid", "hash", "md5", "sha1", "sum", "key", "token", "total", "session", "filekey"];

/// What is said beside a piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Numbers, by what they are called.
    pub(super) numbers: Vec<(u64, u64)>,
    pub(super) ids: Vec<u64>,
    /// The same for requests that say the same things in the same places, whatever the values.
    pub(super) shape: u64,
    has_piece: bool,
    has_where: bool,
    has_beside: bool,
}

impl Marks {
    /// Whether a request that says this may bring a piece.
    pub fn is_of_piece(&self) -> bool {
        self.has_piece || self.has_where && self.has_beside
    }

    /// Whether both say the same numbers and ids.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.numbers, &self.ids) == (&other.numbers, &other.ids)
    }

    /// Takes over a field, a parameter or a header.
    pub fn say(&mut self, name: &str, value: &str) {
        let plain = plain_form(name);
        let (numbers, ids) = (self.numbers.len(), self.ids.len());
        self.shape = self.shape.wrapping_add(piece_hash(plain.as_bytes()));
        self.take(&plain, value);
        let has_number = self.numbers.len() > numbers;
        let has_both = has_number && self.ids.len() > ids;
        let is_command = value.eq_ignore_ascii_case("append");
        let says_some = value.is_empty() || self.numbers.len() + self.ids.len() > numbers + ids;
        let is_offset = plain.contains("offset") && !OF_CLOCKS.iter().any(|one| plain.contains(one));
        let is_of_pieces = is_offset || OF_PIECES.iter().any(|one| plain.contains(one));
        self.has_piece |= is_command || says_some && is_of_pieces;
        self.has_where |= has_number && (has_both || WHERE.contains(&plain.as_str()));
        let is_beside = BESIDE.contains(&plain.as_str()) || BESIDE_ENDS.iter().any(|end| plain.ends_with(end));
        self.has_beside |= is_beside && !value.is_empty();
    }

    /// Takes over the path, whose last segment may be the name of a file.
    pub fn say_path(&mut self, path: &str) {
        let (mut is_of_uploads, mut is_of_chunks, mut trailing) = (false, false, 0);
        for (at, segment) in path.split('/').filter(|segment| !segment.is_empty()).take(MAX_TOKENS).enumerate() {
            let (numbers, ids) = (self.numbers.len(), self.ids.len());
            let mut matrix = segment.split(';');
            let segment = matrix.next().unwrap_or_default();
            let kept = self.take(&format!("/{at}"), segment);
            self.shape = self.shape.wrapping_add(piece_hash(kept.as_bytes()).rotate_left(at as u32));
            matrix.filter_map(|pair| pair.split_once('=')).for_each(|(name, value)| self.say(name, value));
            let lower = segment.to_ascii_lowercase();
            let is_named = ["upload", "chunk", "part", "mkblk", "bput", "append"].iter().any(|one| lower.contains(one));
            let (has_number, has_id) = (self.numbers.len() > numbers, self.ids.len() > ids);
            // An id after `uploads`, but not the name of a file that is kept there.
            self.has_piece |= has_id && !segment.contains('.') && (is_of_uploads || is_named);
            is_of_chunks |= ["chunk", "mkblk", "bput"].iter().any(|one| lower.contains(one));
            self.has_piece |= has_number && is_of_chunks;
            is_of_uploads |= is_named;
            trailing = if has_number && kept.is_empty() { trailing + 1 } else { 0 };
            self.has_where |= has_number && kept.is_empty();
            self.has_beside |= has_id && !segment.contains('.');
        }
        self.has_piece |= trailing >= 2;
        self.say_file_name(path.rsplit('/').next().unwrap_or_default());
    }

    /// Takes over the name of a file: pieces of one are `a.png.001`, `a.png.part3`, `a.png.0_3.part`, `HASH-3`.
    pub fn say_file_name(&mut self, name: &str) {
        self.take("file", name);
        let end = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let is_numbered = end.len() == 3 && end.bytes().all(|byte| byte.is_ascii_digit());
        let is_named = ["part", "chunk", "seg"].iter().any(|one| {
            end.strip_prefix(one)
                .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || b"-_".contains(&byte)))
        });
        self.has_piece |= name.contains('.') && (is_numbered || is_named);
    }

    /// Takes the numbers and ids out of `value`, and gives what is left of it.
    fn take(&mut self, name: &str, value: &str) -> String {
        let mut kept = String::new();
        let value = value.get(..MAX_VALUE).unwrap_or(value);
        if value.len() > MAX_VALUE {
            return kept;
        }
        for (at, run) in value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| !run.is_empty()).enumerate() {
            let letters = run.trim_end_matches(|c: char| c.is_ascii_digit());
            let is_id = run.len() >= MIN_ID_OF_LETTERS || run.len() >= MIN_ID && !letters.is_empty() && has_digit(run);
            let number = plain_number(&run[letters.len()..]);
            if self.numbers.len() + self.ids.len() >= MAX_TOKENS {
                break;
            }
            match number {
                Some(number) if !is_id || letters.is_empty() => {
                    self.numbers.push((piece_hash(format!("{name} {at} {letters}").as_bytes()), number));
                    kept.push_str(letters);
                }
                _ if is_id => self.ids.push(piece_hash(run.to_ascii_lowercase().as_bytes())),
                _ => kept.push_str(run),
            }
        }
        kept
    }
}

fn has_digit(run: &str) -> bool {
    run.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(path: &str, said: &[(&str, &str)]) -> Marks {
        let mut marks = Marks::default();
        marks.say_path(path);
        said.iter().for_each(|(name, value)| marks.say(name, value));
        marks
    }

    #[test]
    fn pieces_are_told_from_other_requests() {
        for (path, said) in [
            ("/media/upload", &[("command", "APPEND"), ("media_id", "7"), ("segment_index", "0")][..]),
            ("/videos", &[("upload_phase", "transfer"), ("start_offset", "0")]),
            ("/api.php", &[("filename", "A.png"), ("filesize", "100"), ("offset", "0"), ("filekey", "x")]),
            ("/c.php", &[("chunk", "a.png.0_3.part"), ("cid", "99"), ("range", "0,6,100")]),
            ("/_api/web/StartUpload(uploadId=guid'6f9619ff8b86d011b42d00c04fc964ff')", &[]),
            ("/api/v4/uploads/k6z1ze6w4prr5yh4cnfkd8ypqy", &[]),
            ("/ufs/FileSystem/a8f31c", &[("token", "t"), ("progress", "0.25")]),
            ("/obj.png", &[("append", ""), ("position", "0")]),
            ("/f/a.png.001", &[]),
            ("/mkblk/4096", &[]),
            ("/up/7/chunk/0/of/4", &[]),
            ("/v3/file/upload/a8f31c/0", &[]),
            ("/v0/files/write", &[("arg", "/a.png"), ("offset", "0"), ("create", "true")]),
            ("/rpc", &[("jsonrpc", "2.0"), ("id", "0"), ("method", "put"), ("", "0"), ("", "4")]),
            ("/u/0/4", &[]),
            ("/up", &[("index", "0"), ("total", "4"), ("hash", "abc")]),
            ("/up", &[(" part[]", "1"), ("a.of", "4")]),
            ("/up;chunkIndex=0", &[]),
        ] {
            assert!(marks(path, said).is_of_piece(), "{path} {said:?}");
        }
        for (path, said) in [
            ("/upload", &[][..]),
            ("/wp-content/uploads/2024/05/IMG20240501.png", &[]),
            ("/photos", &[("title", "x"), ("page", "3")]),
            ("/photos", &[("index", "first"), ("user_id", "7")]),
            ("/photos/17", &[("timezone_offset", "-60")]),
        ] {
            assert!(!marks(path, said).is_of_piece(), "{path} {said:?}");
        }
        let (one, two) = (marks("/up/a8f31c/1", &[("n", "1")]), marks("/up/b94e2d/2", &[("n", "2")]));
        assert_eq!(one.shape, two.shape);
        assert_ne!(one.shape, marks("/down/a8f31c/1", &[("n", "1")]).shape);
        assert!(!one.is_same(&two) && one.numbers[0].0 == two.numbers[0].0);
    }
}

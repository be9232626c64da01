//! What extended headers say about the entry behind them.
//!
//! Sources: POSIX.1-2017 pax §"pax Extended Header"; GNU tar manual §"Storing Sparse Files".

/// Records of one extended header, of what matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<String>,
    /// Every size that was given; readers differ about which counts.
    pub(super) sizes: Vec<u64>,
    pub(super) sparse: Sparse,
}

/// What GNU's formats say about a sparse file.
#[derive(Clone, Debug, Default)]
pub(super) struct Sparse {
    /// Whether there is a word about it.
    pub(super) is_sparse: bool,
    /// Whether the map stands at the start of the content.
    pub(super) map_is_inside: bool,
    pub(super) real_size: Option<u64>,
    /// Where each piece belongs, and its length.
    pub(super) map: Vec<(u64, u64)>,
    offset: u64,
}

/// The records are not written as they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Extended {
    /// Adds the records in `content`: each a length in decimal digits, a space, a key, `=`, a value and a line feed.
    pub(super) fn read(&mut self, mut content: &[u8]) -> Result<(), Malformed> {
        while !content.iter().all(|byte| *byte == 0) {
            let space = memchr::memchr(b' ', content).ok_or(Malformed)?;
            let length = decimal(&content[..space]).and_then(|length| usize::try_from(length).ok()).ok_or(Malformed)?;
            let record = content.get(space + 1..length).ok_or(Malformed)?.strip_suffix(b"\n").ok_or(Malformed)?;
            let equals = memchr::memchr(b'=', record).ok_or(Malformed)?;
            self.take(&record[..equals], &record[equals + 1..])?;
            content = &content[length..];
        }
        Ok(())
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), Malformed> {
        let number = || decimal(value).ok_or(Malformed);
        match key {
            b"size" => self.sizes.push(number()?),
            b"path" | b"GNU.sparse.name" => self.path = Some(String::from_utf8_lossy(value).into_owned()),
            b"GNU.sparse.major" => self.sparse.map_is_inside = number()? >= 1,
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse.real_size = Some(number()?),
            b"GNU.sparse.offset" => self.sparse.offset = number()?,
            b"GNU.sparse.numbytes" => self.sparse.map.push((self.sparse.offset, number()?)),
            b"GNU.sparse.map" => self.sparse.map = pairs(value).ok_or(Malformed)?,
            _ => {}
        }
        self.sparse.is_sparse |= key.starts_with(b"GNU.sparse.");
        Ok(())
    }
}

fn pairs(value: &[u8]) -> Option<Vec<(u64, u64)>> {
    let numbers: Option<Vec<u64>> = value.split(|byte| *byte == b',').map(decimal).collect();
    Some(numbers?.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// The map at the start of `content`, and where the pieces begin: the number of pieces, then offset and length of each,
/// a line each, filled up to a whole block.
pub(super) fn map_inside(content: &[u8]) -> Option<(Vec<(u64, u64)>, usize)> {
    let mut at = 0;
    let mut line = || {
        let length = memchr::memchr(b'\n', content.get(at..)?)?;
        let number = decimal(&content[at..at + length]);
        at += length + 1;
        number
    };
    let count = line()?;
    let mut map = Vec::new();
    for _ in 0..count {
        map.push((line()?, line()?));
    }
    Some((map, at.next_multiple_of(super::BLOCK)))
}

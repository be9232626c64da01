//! Where the metafiles of Windows, EMF and WMF, hold bitmaps: their samples are no text, and they are shown as
//! pictures.
//!
//! Sources: MS-EMF §2.3, MS-WMF §2.3.

use std::ops::Range;

use super::number::{u16_at, u32_at};

/// Most bitmaps of a file that are looked at.
const MAX_BITMAPS: usize = 1 << 16;

/// A record of a metafile: what it does, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaRecord {
    /// What it does, as its format counts that.
    pub kind: u32,
    /// All of it, its header included.
    pub range: Range<usize>,
}

/// A bitmap without the header of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaBitmap {
    /// Its header and its colours; of WMF all of it.
    pub header: Range<usize>,
    /// Its samples.
    pub samples: Range<usize>,
}

/// A format of metafiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metafile {
    /// Records of 32 bits.
    Emf,
    /// Records of 16 bits.
    Wmf,
}

impl Metafile {
    /// What metafile `bytes` are, by how they begin.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [1, 0, 0, 0, ..] if bytes.get(40..44) == Some(b" EMF") => Some(Self::Emf),
            [0xd7, 0xcd, 0xc6, 0x9a, ..] | [1 | 2, 0, 9, 0, 0, 1 | 3, ..] => Some(Self::Wmf),
            _ => None,
        }
    }

    /// Its records, up to the first that is none.
    pub fn records(self, bytes: &[u8]) -> impl Iterator<Item = MetaRecord> {
        let mut at = match (self, bytes) {
            (Self::Emf, _) => 0,
            (Self::Wmf, [0xd7, ..]) => 22 + 18,
            (Self::Wmf, _) => 18,
        };
        std::iter::from_fn(move || {
            let (kind, length) = match self {
                Self::Emf => (u32_at(bytes, at)?, u32_at(bytes, at + 4)? as usize),
                Self::Wmf => (u32::from(u16_at(bytes, at + 4)?), (u32_at(bytes, at)? as usize).checked_mul(2)?),
            };
            let least = if self == Self::Emf { 8 } else { 6 };
            let end = at.checked_add(length).filter(|end| length >= least && *end <= bytes.len())?;
            let range = at..end;
            at = end;
            Some(MetaRecord { kind, range })
        })
    }

    /// Its bitmaps.
    pub fn bitmaps(self, bytes: &[u8]) -> impl Iterator<Item = MetaBitmap> {
        self.records(bytes)
            .filter_map(move |record| self.bitmap(&bytes[record.range.clone()], &record))
            .take(MAX_BITMAPS)
    }

    fn bitmap(self, record: &[u8], MetaRecord { kind, range }: &MetaRecord) -> Option<MetaBitmap> {
        let within = |start: usize, length: usize| {
            let end = start.checked_add(length).filter(|end| length > 0 && *end <= record.len())?;
            Some(range.start + start..range.start + end)
        };
        match self {
            Self::Emf => {
                let at = match kind {
                    76..=78 | 114 | 116 => 84,
                    79 => 96,
                    80 | 81 => 48,
                    93 | 94 => 16,
                    _ => return None,
                };
                let number = |step: usize| u32_at(record, at + 4 * step).map(|number| number as usize);
                let (header, samples) = (within(number(0)?, number(1)?)?, within(number(2)?, number(3)?)?);
                Some(MetaBitmap { header, samples })
            }
            Self::Wmf => {
                let at = match kind {
                    0x0f43 => 28,
                    0x0b41 => 26,
                    0x0940 => 22,
                    0x0d33 => 24,
                    0x0142 => 10,
                    _ => return None,
                };
                let whole = within(at, record.len().checked_sub(at)?)?;
                let header = u32_at(record, at)? as usize;
                let samples = within(at.checked_add(header)?, record.len().checked_sub(at)?.checked_sub(header)?)?;
                Some(MetaBitmap { header: whole, samples })
            }
        }
    }
}

/// `bytes` without the samples of the bitmaps in them, if they are a metafile that has any.
pub(super) fn without_samples(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Vec::new();
    let mut end = 0;
    for MetaBitmap { samples, .. } in Metafile::of(bytes)?.bitmaps(bytes) {
        // What lies before is in the header of another, or in itself.
        rest.extend_from_slice(bytes.get(end..samples.start).unwrap_or_default());
        end = end.max(samples.end);
    }
    (end > 0).then(|| {
        rest.extend_from_slice(&bytes[end..]);
        rest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An EMF that stretches a bitmap with these samples.
    fn emf(samples: &[u8]) -> Vec<u8> {
        let mut header = vec![0; 88];
        header[0] = 1;
        header[4] = 88;
        header[40..44].copy_from_slice(b" EMF");
        let mut record = vec![0; 80 + 40];
        record[..4].copy_from_slice(&81_u32.to_le_bytes());
        for (at, number) in [(4, 120 + samples.len()), (48, 80), (52, 40), (56, 120), (60, samples.len())] {
            record[at..at + 4].copy_from_slice(&(number as u32).to_le_bytes());
        }
        [&header, &record, samples, &[14, 0, 0, 0, 20, 0, 0, 0], &[0; 12]].concat()
    }

    #[test]
    fn samples_of_bitmaps_are_found_in_both_formats() {
        let file = emf(&[0xaa; 64]);
        let bitmaps: Vec<MetaBitmap> = Metafile::Emf.bitmaps(&file).collect();
        assert_eq!(bitmaps, [MetaBitmap { header: 168..208, samples: 208..272 }]);
        let rest = without_samples(&file).unwrap();
        assert_eq!((rest.len(), rest.contains(&0xaa)), (file.len() - 64, false));
        let dib = [&[40, 0, 0, 0][..], &[0; 36], &[0xaa; 64]].concat();
        let words = ((28 + dib.len()) / 2) as u32;
        let record = [&words.to_le_bytes()[..], &0x0f43_u16.to_le_bytes(), &[0; 22], &dib].concat();
        let file = [&[1, 0, 9, 0, 0, 3][..], &[0; 12], &record, &[3, 0, 0, 0, 0, 0]].concat();
        let bitmaps: Vec<MetaBitmap> = Metafile::Wmf.bitmaps(&file).collect();
        assert_eq!(bitmaps, [MetaBitmap { header: 46..150, samples: 86..150 }]);
    }

    #[test]
    fn what_is_no_metafile_or_has_no_bitmaps_stays() {
        for bytes in [&b"plain text"[..], &emf(b"")[..], b"\xd7\xcd\xc6\x9a"] {
            assert_eq!(without_samples(bytes), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_metafile_makes_it_panic(mut bytes: Vec<u8>, kind in 0..3_usize) {
            let mut file = [emf(&[7; 40]), b"\x01\0\x09\0\0\x03".to_vec(), b"\xd7\xcd\xc6\x9a".to_vec()][kind].clone();
            file.truncate(file.len().saturating_sub(bytes.len()));
            file.append(&mut bytes);
            let _rest = without_samples(&file);
        }
    }
}

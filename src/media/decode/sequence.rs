//! How many frames a HEIC or AVIF has beside its still pictures: browsers play them.
//!
//! What decodes these formats here looks at still pictures only, so that frames are a doubt. Source: ISO/IEC 14496-12,
//! §8.3 (tracks), §8.7.3 (sizes of samples).

/// Boxes that are looked at, and tracks.
const MOST_BOXES: usize = 1_000;

/// The frames of the track that has most of them; 0 where there is none.
pub(super) fn frames(file: &[u8]) -> u32 {
    let tracks = inside(file, b"moov").flat_map(|film| inside(film, b"trak"));
    let tables = ["mdia", "minf", "stbl"];
    let counts = tracks.filter_map(|track| {
        let table = tables.iter().try_fold(track, |own, name| inside(own, name.as_bytes()).next())?;
        let sizes = inside(table, b"stsz").chain(inside(table, b"stz2")).next()?;
        sizes.get(8..12)?.first_chunk().map(|count| u32::from_be_bytes(*count))
    });
    counts.max().unwrap_or_default()
}

/// The contents of the boxes of that name.
fn inside<'a>(mut bytes: &'a [u8], name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let boxes = std::iter::from_fn(move || {
        let (&[a, b, c, d, ref kind @ ..], rest) = bytes.split_first_chunk::<8>()?;
        let (length, head) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (bytes.len(), 8),
            1 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap_or(usize::MAX), 16),
            length => (length as usize, 8),
        };
        let content = bytes.get(head..length.clamp(head, bytes.len().max(head)))?;
        bytes = bytes.get(length.max(head)..).unwrap_or_default();
        Some((*kind, content))
    });
    boxes.take(MOST_BOXES).filter(move |(kind, _)| kind == name).map(|(_, content)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(8 + content.len() as u32).to_be_bytes()[..], name, content].concat()
    }

    #[test]
    fn frames_are_counted_where_samples_are_listed() {
        let sizes = boxed(b"stsz", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 48]);
        let track = [b"stbl", b"minf", b"mdia", b"trak"].into_iter().fold(sizes, |inner, name| boxed(name, &inner));
        let film = boxed(b"moov", &[boxed(b"mvhd", &[0; 20]), track].concat());
        let file = [boxed(b"ftyp", b"avis"), boxed(b"meta", &[0; 9]), film].concat();
        assert_eq!(frames(&file), 48);
        assert_eq!(frames(&file[..file.len() - 1]), 0);
        assert_eq!(frames(&boxed(b"ftyp", b"avif")), 0);
        let large = [&[0, 0, 0, 1][..], b"ftyp", &[0, 0, 0, 0, 0, 0, 0, 20], b"avis", &file].concat();
        assert_eq!(frames(&large), 48);
    }
}

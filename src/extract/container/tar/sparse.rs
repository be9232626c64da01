//! Sparse files: pieces, and a map that says where among zeros they belong.

use bytes::Bytes;

use crate::body::{End, ScratchWriter};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

use super::pax::{self, Sparse};

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Hands out the file that `content` and what an extended header says make.
pub(super) fn hand_out_new(content: &Bytes, sparse: &Sparse, name: &str, at: usize, found: &mut Dissection<'_>) {
    let real_size = sparse.real_size.unwrap_or_default();
    if !sparse.map_is_inside {
        return hand_out(content, &sparse.map, real_size, name, at, found);
    }
    match pax::map_inside(content) {
        Some((map, start)) => hand_out(&content.slice(start.min(content.len())..), &map, real_size, name, at, found),
        None => found.report(ProblemCode::ContainerBroken, Some(at)),
    }
}

/// Hands out the file that the pieces behind each other in `content` make.
pub(super) fn hand_out(
    content: &Bytes,
    map: &[(u64, u64)],
    real_size: u64,
    name: &str,
    at: usize,
    found: &mut Dissection<'_>,
) {
    let mut output = found.output();
    match expand(content, map, real_size, &mut output, found) {
        Ok(Filled::Whole) => {}
        Ok(Filled::Broken) => found.report(ProblemCode::ContainerBroken, Some(at)),
        Err(limit) => found.report_limit(limit),
    }
    if let Some(file) = found.take(output).filter(|file| !file.is_empty()) {
        found.add(Part::new(PartKind::Entry, file).named(name), Some(at));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filled {
    Whole,
    /// The map is not in order, or asks for more than there is.
    Broken,
}

fn expand(
    content: &[u8],
    map: &[(u64, u64)],
    real_size: u64,
    output: &mut ScratchWriter,
    found: &mut Dissection<'_>,
) -> Result<Filled, End> {
    let mut rest = content;
    for (offset, length) in map {
        let Some(gap) = offset.checked_sub(output.len()) else {
            return Ok(Filled::Broken);
        };
        fill(gap, content.len(), output, found)?;
        let Some((piece, behind)) = usize::try_from(*length).ok().and_then(|length| rest.split_at_checked(length))
        else {
            found.write(rest, content.len(), output)?;
            return Ok(Filled::Broken);
        };
        found.write(piece, content.len(), output)?;
        rest = behind;
    }
    let Some(gap) = real_size.checked_sub(output.len()) else {
        return Ok(Filled::Broken);
    };
    fill(gap, content.len(), output, found)?;
    Ok(Filled::Whole)
}

fn fill(mut count: u64, packed: usize, output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    while count > 0 {
        let piece = count.min(ZEROS.len() as u64);
        found.write(&ZEROS[..piece as usize], packed, output)?;
        count -= piece;
    }
    Ok(())
}

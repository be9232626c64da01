//! Captions and keywords of press agencies (IPTC-IIM 4.2), and the blocks of Photoshop that they lie in.

use crate::extract::dissection::Dissection;

use super::show_text;

/// Signatures of blocks: those of Photoshop, and of some programs that write like it.
const SIGNATURES: [&[u8]; 4] = [b"8BIM", b"PHUT", b"DCSR", b"AgHg"];

/// The number of the block that holds IPTC.
const IPTC: [u8; 2] = [4, 4];

/// Shows the texts in blocks of Photoshop. Source: Adobe Photoshop File Formats Specification, "Image Resource Blocks".
pub(super) fn show_resources(mut rest: &[u8], found: &mut Dissection<'_>) {
    while let Some((_, behind)) = rest.split_at_checked(4).filter(|(mark, _)| SIGNATURES.contains(mark)) {
        let [high, low, name, ..] = *behind else {
            return;
        };
        // The name has a length in front and is filled up to an even one.
        let head = 2 + (1 + usize::from(name)).next_multiple_of(2);
        let Some(size) = behind.get(head..).and_then(|behind| behind.first_chunk()) else {
            return;
        };
        let size = u32::from_be_bytes(*size) as usize;
        let content = behind.get(head + 4..).unwrap_or_default();
        if [high, low] == IPTC {
            show(&content[..size.min(content.len())], found);
        }
        rest = content.get(size.saturating_add(size % 2)..).unwrap_or_default();
    }
}

/// Shows the datasets that people fill in: those of record 2.
pub(super) fn show(mut rest: &[u8], found: &mut Dissection<'_>) {
    while let [0x1c, record, _, high, low, behind @ ..] = rest {
        if found.is_over() {
            return;
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // With the highest bit, so many bytes follow that say the length.
        let (head, length) = match length.checked_sub(0x8000) {
            Some(head @ 1..=4) => {
                let digits = behind.get(..head).unwrap_or_default();
                (head, digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit)))
            }
            Some(_) => return,
            None => (0, length),
        };
        let content = behind.get(head..).unwrap_or_default();
        let (value, next) = content.split_at(length.min(content.len()));
        if *record == 2 {
            show_text("iptc", value, value.len(), found);
        }
        rest = next;
    }
}

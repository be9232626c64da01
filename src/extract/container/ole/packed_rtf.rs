//! The compression that Outlook keeps the text of mails in (MS-OXRTFCP).

use crate::body::ScratchWriter;
use crate::content::number::u32_at;
use crate::extract::dissection::Dissection;

/// How compressed and plain content say so.
const COMPRESSED: u32 = u32::from_le_bytes(*b"LZFu");
const PLAIN: u32 = u32::from_le_bytes(*b"MELA");

/// What the content of a message begins with, before there is any (§2.1.3.1.1).
const PREFIX: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Bytes of what came last that may be named again.
const WINDOW: usize = 4096;

/// Bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// Adds to `output` what `packed` holds, up to the first fault. Whether it could be read to its end.
pub(super) fn unpack<'a>(packed: &[u8], output: &mut ScratchWriter<'a>, found: &mut Dissection<'a>) -> bool {
    let Some((kind, content)) = u32_at(packed, 8).zip(packed.get(16..)) else {
        return false;
    };
    let mut block = Vec::new();
    let mut is_whole = match kind {
        PLAIN => {
            block.extend_from_slice(content);
            true
        }
        COMPRESSED => Window::new().unpack(content, |byte| {
            block.push(byte);
            found.flush(&mut block, BLOCK, packed.len(), output).map_err(|limit| found.report_limit(limit)).is_ok()
        }),
        _ => false,
    };
    if let Err(limit) = found.flush(&mut block, 1, packed.len(), output) {
        found.report_limit(limit);
        is_whole = false;
    }
    is_whole
}

struct Window {
    bytes: [u8; WINDOW],
    /// Where the next byte goes.
    at: usize,
}

impl Window {
    fn new() -> Self {
        let mut bytes = [0; WINDOW];
        bytes[..PREFIX.len()].copy_from_slice(PREFIX);
        Self { bytes, at: PREFIX.len() }
    }

    fn put(&mut self, byte: u8) -> u8 {
        self.bytes[self.at] = byte;
        self.at = (self.at + 1) % WINDOW;
        byte
    }

    /// Gives each byte to `take`, as long as that wants more. Whether the mark of the end was reached.
    fn unpack(&mut self, packed: &[u8], mut take: impl FnMut(u8) -> bool) -> bool {
        let mut rest = packed.iter().copied();
        while let Some(flags) = rest.next() {
            for bit in 0..8 {
                let Some(first) = rest.next() else {
                    return false;
                };
                if flags >> bit & 1 == 0 {
                    if !take(self.put(first)) {
                        return false;
                    }
                    continue;
                }
                let Some(second) = rest.next() else {
                    return false;
                };
                let from = usize::from(first) << 4 | usize::from(second >> 4);
                if from == self.at {
                    return true;
                }
                for step in 0..usize::from(second & 15) + 2 {
                    let byte = self.bytes[(from + step) % WINDOW];
                    if !take(self.put(byte)) {
                        return false;
                    }
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(content: &[u8]) -> (Vec<u8>, bool) {
        let mut output = Vec::new();
        let is_whole = Window::new().unpack(content, |byte| {
            output.push(byte);
            true
        });
        (output, is_whole)
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let plain = data_encoding::HEXLOWER
            .decode(b"03000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
            .unwrap();
        assert_eq!(unpacked(&plain), (b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n".to_vec(), true));
        let crossing = data_encoding::HEXLOWER.decode(b"410004205758595a0d6e7d010eb0").unwrap();
        assert_eq!(unpacked(&crossing), (b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}".to_vec(), true));
    }

    #[test]
    fn what_is_cut_off_gives_what_there_is() {
        assert_eq!(unpacked(b"\0abc"), (b"abc".to_vec(), false));
        assert_eq!(unpacked(b"\x01\0"), (Vec::new(), false));
        assert_eq!(PREFIX.len(), 207);
    }
}

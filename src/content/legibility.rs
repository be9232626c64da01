//! Whether bytes read as text.

/// Bytes looked at to tell text from anything else.
const SAMPLE: usize = 8 << 10;

/// Bytes counted at once, so few that the count fits in a byte and the compiler counts many side by side.
const LANES: usize = 128;

/// One control character in so many bytes is still text: random bytes have one in nine, and a stray NUL must not keep
/// the rules from looking.
const CONTROLS_PER_TEXT: usize = 32;

/// Whether `bytes` read as text, whatever else they are: a small picture may stand in front of one.
pub fn reads_as_text(bytes: &[u8]) -> bool {
    if matches!(bytes, [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return true;
    }
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let odd_among = |bytes: &[u8]| usize::from(bytes.iter().map(|byte| is_odd_in_text(*byte)).sum::<u8>());
    sample.chunks(LANES).map(odd_among).sum::<usize>() * CONTROLS_PER_TEXT <= sample.len()
}

/// 1 for a control character that text has no use for; without a branch.
const fn is_odd_in_text(byte: u8) -> u8 {
    let is_space = byte.wrapping_sub(b'\t') <= b'\r' - b'\t';
    ((byte < b' ') & !is_space & (byte != 0x1b) | (byte == 0x7f)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_odd_but_for_those_of_layout() {
        let odd: Vec<u8> = (0..=255).filter(|byte| is_odd_in_text(*byte) == 1).collect();
        let expected: Vec<u8> = (0..=8).chain(0x0e..=0x1a).chain(0x1c..=0x1f).chain([0x7f]).collect();
        assert_eq!(odd, expected);
    }
}

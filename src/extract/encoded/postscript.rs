//! Pictures in PostScript whose samples are hexadecimal in the program, as programs for charts and pictures write them:
//! `640 480 8 [640 0 0 -480 0 480] {currentfile row readhexstring pop} false 3 colorimage`, and the digits.
//!
//! Each is written out as a PNM, which is the same samples behind a header. PostScript that computes anything is not run.
//!
//! Source: "PostScript Language Reference", third edition, `image`, `colorimage`, `readhexstring`.

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

/// How programs begin.
const BEGIN: &[u8] = b"%!PS";

/// What reads samples, and what draws them.
const READS: &[u8] = b"readhexstring";
const DRAWS: &[u8] = b"image";

/// Bytes in front of what reads samples and behind it that are looked at.
const BEFORE: usize = 512;
const BEHIND: usize = 256;

/// Longest side of a picture, and fewest samples.
const MAX_SIDE: usize = 1 << 16;
const MIN_SAMPLES: usize = 256;

/// Decoded bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// Hands out every such picture in `text`, if it is a program. Time is linear in the text.
pub(super) fn extract(text: &Bytes, found: &mut Dissection<'_>) {
    if !text.starts_with(BEGIN) {
        return;
    }
    let mut end = 0;
    for at in memmem::find_iter(text, READS) {
        if at < end || found.is_over() {
            continue;
        }
        let size = size(&text[at.saturating_sub(BEFORE)..at]);
        let samples = samples(&text[at..text.len().min(at + BEHIND)]);
        if let (Some(size), Some((channels, length))) = (size, samples) {
            end = at + length + picture(size, channels, &text[at + length..], found);
        }
    }
}

/// Width and height, in front of the bits of a sample and a matrix, which is the last there.
fn size(before: &[u8]) -> Option<(usize, usize)> {
    let text = str::from_utf8(&before[..memchr::memrchr(b'[', before)?]).ok()?;
    let mut words = text.split_ascii_whitespace().rev();
    words.next().filter(|bits| *bits == "8")?;
    let mut side = || words.next()?.parse().ok().filter(|side| (1..MAX_SIDE).contains(side));
    let height = side()?;
    Some((side()?, height))
}

/// How many samples a pixel has, and where they begin: behind what draws them, and comments.
fn samples(behind: &[u8]) -> Option<(usize, usize)> {
    let draws = memmem::find(behind, DRAWS)?;
    let channels = match behind[..draws].strip_suffix(b"color") {
        None => 1,
        Some(before) if before.trim_ascii_end().ends_with(b"false 3") => 3,
        Some(_) => return None,
    };
    let mut at = draws + DRAWS.len();
    loop {
        at += behind[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if behind.get(at) != Some(&b'%') {
            return Some((channels, at));
        }
        at += memchr::memchr(b'\n', &behind[at..])?;
    }
}

/// Hands out a picture of which as many rows are there as `text` begins with. How long they were.
fn picture((width, height): (usize, usize), channels: usize, text: &[u8], found: &mut Dissection<'_>) -> usize {
    let is_of_samples = |byte: &&u8| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace();
    let digits = text.iter().take_while(is_of_samples).filter_map(|byte| char::from(*byte).to_digit(16));
    let row = width * channels;
    let rows = (digits.clone().take(2 * row * height).count() / 2 / row).min(height);
    if row * rows < MIN_SAMPLES {
        return 0;
    }
    let kind = if channels == 3 { 6 } else { 5 };
    let mut block = format!("P{kind} {width} {rows} 255\n").into_bytes();
    let mut output = found.output();
    let mut high = None;
    for digit in digits.take(2 * row * rows) {
        match high.take() {
            None => high = Some(digit),
            Some(high) => block.push((high << 4 | digit) as u8),
        }
        if let Err(end) = found.flush(&mut block, BLOCK, text.len(), &mut output) {
            found.report_limit(end);
            return text.len();
        }
    }
    if let Err(end) = found.flush(&mut block, 1, text.len(), &mut output) {
        found.report_limit(end);
        return text.len();
    }
    if let Some(content) = found.take(output) {
        found.add(Part { is_guess: true, is_made: true, ..Part::new(PartKind::Decoded, content) }, None);
    }
    2 * row * rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn pictures(program: &str) -> Vec<Vec<u8>> {
        let part = Part::new(PartKind::Body, Bytes::copy_from_slice(program.as_bytes()));
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None));
        assert_eq!(found.problems, []);
        found.parts.into_iter().filter(|part| part.is_made).map(|part| part.bytes.to_vec()).collect()
    }

    fn lines(samples: &[u8]) -> String {
        let digits = data_encoding::HEXLOWER.encode(samples);
        digits.as_bytes().chunks(78).map(|line| format!("{}\n", str::from_utf8(line).unwrap())).collect()
    }

    #[test]
    fn samples_in_hexadecimal_are_pictures() {
        let samples: Vec<u8> = (0..20 * 16 * 3).map(|at| at as u8).collect();
        let ways = [
            ("{ currentfile buf readhexstring pop } bind\nfalse 3 colorimage\n%%BeginBinary: 1\n", 6, 3),
            ("{\ncurrentfile DataString readhexstring pop\n} bind false 3 colorimage\n", 6, 3),
            ("{currentfile line readhexstring pop}\nimage\n", 5, 1),
        ];
        for (way, kind, channels) in ways {
            let of = &samples[..20 * 16 * channels];
            let program =
                format!("%!PS-Adobe-3.0\n20 16 scale\n20 16 8\n[20 0 0 -16 0 16]\n{way}{}grestore\n", lines(of));
            let expected = [format!("P{kind} 20 16 255\n").as_bytes(), of].concat();
            assert_eq!(pictures(&program), [&expected[..]], "{way}");
            assert_eq!(pictures(&(program.clone() + &program)).len(), 2, "{way}");
            let cut = &program[..program.len() - 14];
            assert!(pictures(cut)[0].starts_with(format!("P{kind} 20 15 255\n").as_bytes()), "{way}");
            assert_eq!(pictures(&program[1..]), [[0; 0]; 0]);
        }
    }

    #[test]
    fn other_programs_have_none() {
        for rest in [
            "20 16 8 [] readhexstring",
            "readhexstring image",
            "0 9 8 [1] readhexstring image aabb",
            "20 16 1 [1] readhexstring image aabb",
            "20 16 8 [1] readhexstring image % cut",
            "20 16 8 [1] readhexstring true 3 colorimage aabb",
        ] {
            assert_eq!(pictures(&format!("%!PS\n{rest}")), [[0; 0]; 0], "{rest}");
        }
    }
}

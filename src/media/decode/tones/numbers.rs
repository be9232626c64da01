//! Colours by numbers in place of a profile: gamma and primaries of a PNG, and the code points of ITU-T H.273, which
//! PNG calls cICP and AVIF nclx.

use moxcms::{Chromaticity, ColorPrimaries, ColorProfile, ToneReprCurve};

use super::profile::points;
use crate::media::decode::png_chunks::Chunks;

/// Light of the white of a page where that of PQ is 10,000 and that of HLG is 1. Source: ITU-R BT.2408, §2.
const WHITE_OF_PQ: f64 = 203.0 / 10_000.0;
const WHITE_OF_HLG: f64 = 0.265;

/// What the chunks of a PNG say: its code points, which come first for browsers, and its gamma, which is all that older
/// readers know.
pub(super) fn of_png(png: &[u8]) -> impl Iterator<Item = ColorProfile> {
    let code_points = || match before_data(png, b"cICP")? {
        &[primaries, transfer, ..] => of_code_points(primaries.into(), transfer.into()),
        _ => None,
    };
    code_points().into_iter().chain(of_gamma(png))
}

/// The content of a chunk that comes before the data of a PNG.
fn before_data<'a>(png: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    let mut chunks = Chunks::of(png).take_while(|chunk| chunk.kind != *b"IDAT");
    chunks.find(|chunk| chunk.kind == *kind).map(|chunk| chunk.content)
}

/// What the gamma and the primaries of a PNG say.
fn of_gamma(png: &[u8]) -> Option<ColorProfile> {
    let gamma = before_data(png, b"gAMA").and_then(|content| content.first_chunk().copied()).map(u32::from_be_bytes);
    let gamma = gamma.filter(|gamma| *gamma > 0)? as f32 / 100_000.0;
    let mut profile = ColorProfile::new_srgb();
    if let Some(numbers) = before_data(png, b"cHRM").and_then(|content| content.first_chunk::<32>()) {
        let numbers: Vec<f32> =
            numbers.as_chunks().0.iter().map(|bytes| u32::from_be_bytes(*bytes) as f32 / 100_000.0).collect();
        let at = |number: usize| Chromaticity { x: numbers[2 * number], y: numbers[2 * number + 1] };
        if numbers.iter().all(|number| *number > 0.0) {
            let primaries = ColorPrimaries { red: at(1), green: at(2), blue: at(3) };
            profile.update_rgb_colorimetry(at(0).to_xyyb(), primaries);
        }
    }
    Some(with_curve(profile, ToneReprCurve::Parametric(vec![1.0 / gamma])))
}

/// What code points say; `None` for what browsers do not know.
pub(super) fn of_code_points(primaries: u16, transfer: u16) -> Option<ColorProfile> {
    let of_video = |tone: f64| if tone < 0.081 { tone / 4.5 } else { ((tone + 0.099) / 1.099).powf(1.0 / 0.45) };
    let light: fn(f64) -> f64 = match transfer {
        1 | 6 | 14 | 15 => of_video,
        4 => |tone| tone.powf(2.2),
        5 => |tone| tone.powf(2.8),
        8 => |tone| tone,
        13 => |tone| if tone <= 0.040_45 { tone / 12.92 } else { ((tone + 0.055) / 1.055).powf(2.4) },
        16 => of_pq,
        17 => |tone| tone.powf(2.6) * 52.37 / 48.0,
        18 => of_hlg,
        _ => return None,
    };
    let profile = match primaries {
        9 => ColorProfile::new_bt2020(),
        11 | 12 => ColorProfile::new_display_p3(),
        _ => ColorProfile::new_srgb(),
    };
    Some(with_curve(profile, ToneReprCurve::Lut(points(light))))
}

/// Source: SMPTE ST 2084, §5.
fn of_pq(tone: f64) -> f64 {
    let power = tone.powf(1.0 / 78.843_75);
    let light = ((power - 0.835_937_5).max(0.0) / (18.851_562_5 - 18.687_5 * power)).powf(1.0 / 0.159_301_757_812_5);
    light / WHITE_OF_PQ
}

/// Source: ITU-R BT.2100, table 5.
fn of_hlg(tone: f64) -> f64 {
    let light = if tone <= 0.5 {
        tone * tone / 3.0
    } else {
        (((tone - 0.559_910_73) / 0.178_832_77).exp() + 0.284_668_92) / 12.0
    };
    light / WHITE_OF_HLG
}

fn with_curve(mut profile: ColorProfile, curve: ToneReprCurve) -> ColorProfile {
    profile.cicp = None;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
    profile
}

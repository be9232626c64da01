use moxcms::ToneReprCurve;

use super::*;
use crate::media::decode::png_chunks::push_chunk;

fn with_curve(points: Vec<u16>) -> ColorProfile {
    let mut profile = ColorProfile::new_srgb();
    let curve = ToneReprCurve::Lut(points);
    profile.cicp = None;
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
    profile
}

fn falling() -> Vec<u8> {
    with_curve((0..=255).rev().map(|tone| tone * 257).collect()).encode().unwrap()
}

/// A curve that shows the greys from `low` to `high` from 70 to 178, and moves none by more than 60.
fn unfolding(low: f64, high: f64) -> Vec<u8> {
    let shown = |tone: f64| match tone {
        tone if tone < low => tone * 70.0 / low,
        tone if tone > high => 178.0 + (tone - high) * 77.0 / (255.0 - high),
        tone => 70.0 + (tone - low) * 108.0 / (high - low),
    };
    let light = |tone: f64| ((shown(tone * 255.0) / 255.0 + 0.055) / 1.055).powf(2.4);
    with_curve(profile::points(light)).encode().unwrap()
}

#[test]
fn usual_profiles_mean_nothing_and_falling_curves_much() {
    let gamma = |gamma: f32| {
        let curve = ToneReprCurve::Parametric(vec![gamma]);
        let mut profile = ColorProfile::new_srgb();
        (profile.red_trc, profile.green_trc, profile.blue_trc) =
            (Some(curve.clone()), Some(curve.clone()), Some(curve));
        profile
    };
    for (name, usual) in [
        ("sRGB", ColorProfile::new_srgb()),
        ("P3", ColorProfile::new_display_p3()),
        ("Adobe", ColorProfile::new_adobe_rgb()),
        ("ProPhoto", ColorProfile::new_pro_photo_rgb()),
        ("2020", ColorProfile::new_bt2020()),
        ("grey", ColorProfile::new_gray_with_gamma(2.2)),
        ("1.8", gamma(1.8)),
        ("2.2", gamma(2.2)),
        ("video", numbers::of_code_points(1, 1).unwrap()),
    ] {
        let meaning = Meaning::of_profile(&usual.encode().unwrap());
        assert!(meaning.tones.is_empty() && !meaning.is_incomplete, "{name}");
    }
    let meaning = Meaning::of_profile(&falling());
    let changed = meaning.tones[0].changed(&[0, 0, 0, 255, 255, 255]).unwrap();
    assert!(changed[0] > 250 && changed[3] < 5, "{changed:?}");
    assert!(meaning.tones[0].wide().unwrap().row(&[0, 0, 9, 9], 2).unwrap()[0] > 250);
    for (name, unusual) in [
        ("narrow", unfolding(120.0, 128.0)),
        ("wider", unfolding(110.0, 140.0)),
        ("linear", gamma(1.0).encode().unwrap()),
        ("linear light", numbers::of_code_points(1, 8).unwrap().encode().unwrap()),
        ("PQ", numbers::of_code_points(9, 16).unwrap().encode().unwrap()),
    ] {
        assert_eq!(Meaning::of_profile(&unusual).tones.len(), 1, "{name}");
    }
}

#[test]
fn a_profile_is_found_where_each_format_has_it() {
    let profile = falling();
    let found = |file: &[u8], media_type| Meaning::in_file(file, media_type).tones.len();
    let chunk = [b"ICCP", &(profile.len() as u32).to_le_bytes()[..], &profile].concat();
    let webp = [&b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0          "[..], &b"JUNK\x02\0\0\0ab".repeat(200), &chunk].concat();
    assert_eq!(found(&webp, MediaType::WebP), 1);
    let length = (profile.len() as u32 + 12).to_be_bytes();
    assert_eq!(found(&[&b"...."[..], &length, b"colrprof", &profile].concat(), MediaType::Avif), 1);
    assert_eq!(found(b"\0\0\0\x13colrnclx\0\x01\0\x08\0\x01\x80", MediaType::Avif), 1);
    assert_eq!(found(b"\0\0\0\x13colrnclx\0\x01\0\x0d\0\x01\x80", MediaType::Avif), 0);
    let segment = [b"ICC_PROFILE\0\x01\x01", &profile[..]].concat();
    let length = (segment.len() as u16 + 2).to_be_bytes();
    let jpeg = [&b"\xff\xd8\xff\xe2"[..], &length, &segment, b"\xff\xda\0\x02"].concat();
    assert_eq!(found(&jpeg, MediaType::Jpeg), 1);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    (0..300).for_each(|_| push_chunk(&mut png, *b"tEXt", b"a\0b"));
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&profile, 6);
    push_chunk(&mut png, *b"iCCP", &[b"a\0\0", &packed[..]].concat());
    let of_code_points = {
        let mut png = png.clone();
        push_chunk(&mut png, *b"cICP", &[1, 8, 0, 1]);
        png
    };
    push_chunk(&mut png, *b"gAMA", &600_000_u32.to_be_bytes());
    assert_eq!((found(&png, MediaType::Png), found(&of_code_points, MediaType::Png)), (2, 2));
    push_chunk(&mut png, *b"cICP", &[1, 8, 0, 1]);
    assert_eq!(found(&png, MediaType::Png), 3, "older readers go by the gamma");
    let mut late = b"\x89PNG\r\n\x1a\n".to_vec();
    push_chunk(&mut late, *b"IDAT", b"");
    push_chunk(&mut late, *b"gAMA", &600_000_u32.to_be_bytes());
    push_chunk(&mut late, *b"iCCP", &[b"a\0\0", &packed[..]].concat());
    assert_eq!(found(&late, MediaType::Png), 1, "a profile is found after the data by some");
    let mut bmp = [b"BM", &[0; 12][..], &[124, 0, 0, 0], &[0; 120], &profile].concat();
    bmp[70..74].copy_from_slice(b"DEBM");
    bmp[126..130].copy_from_slice(&124_u32.to_le_bytes());
    bmp[130..134].copy_from_slice(&(profile.len() as u32).to_le_bytes());
    assert_eq!(found(&bmp, MediaType::Bmp), 1);
    for (media_type, cut) in [(MediaType::Png, &png), (MediaType::Jpeg, &jpeg), (MediaType::Bmp, &bmp)] {
        (0..cut.len()).step_by(3).for_each(|length| drop(Meaning::in_file(&cut[..length], media_type)));
    }
}

/// Names and contents.
type Tags = Vec<([u8; 4], Vec<u8>)>;

/// The tags of a profile with those that `change` makes of them.
fn rebuilt(profile: &[u8], change: impl Fn(&mut [u8], &mut Tags)) -> Vec<u8> {
    let number = |at: usize| u32::from_be_bytes(profile[at..at + 4].try_into().unwrap()) as usize;
    let tag = |entry: usize| {
        let at = 132 + 12 * entry;
        let (start, length) = (number(at + 4), number(at + 8));
        (profile[at..at + 4].try_into().unwrap(), profile[start..start + length].to_vec())
    };
    let mut tags: Tags = (0..number(128)).map(tag).collect();
    let mut header = profile[..128].to_vec();
    change(&mut header, &mut tags);
    let (mut entries, mut content) = ((tags.len() as u32).to_be_bytes().to_vec(), Vec::new());
    let start = 132 + 12 * tags.len();
    for (name, tag) in tags {
        entries.extend(name);
        entries.extend([start + content.len(), tag.len()].map(|number| (number as u32).to_be_bytes()).concat());
        content.extend(tag);
    }
    [header, entries, content].concat()
}

#[test]
fn what_browsers_forgive_a_profile_is_forgiven() {
    type Change = fn(&mut [u8], &mut Tags);
    let plain = falling();
    let changes: [(&str, Change); 7] = [
        ("another class", |header, _| header[12..16].copy_from_slice(b"cenc")),
        ("no class", |header, _| header[12..16].fill(0)),
        ("another space", |header, _| header[20..24].copy_from_slice(b"Lab ")),
        ("curves again", |_, tags| {
            let lines = [*b"rTRC", *b"gTRC", *b"bTRC"].map(|name| (name, b"curv\0\0\0\0\0\0\0\0".to_vec()));
            tags.extend(lines);
        }),
        ("broken names", |_, tags| tags.push((*b"dmdd", b"mluc\0\0\0\0\xff\xff\xff\xff".to_vec()))),
        ("a broken tag", |_, tags| tags.insert(0, (*b"cprt", b"mluc\0\0\0\0\xff\xff\xff\xff\0\0\0\x0c".to_vec()))),
        ("many points", |_, tags| {
            let points = (0..70_000_u64).rev().flat_map(|point| ((point * 65_535 / 70_000) as u16).to_be_bytes());
            let curve = [&b"curv\0\0\0\0"[..], &70_000_u32.to_be_bytes(), &points.collect::<Vec<_>>()].concat();
            tags.iter_mut().filter(|(name, _)| name.ends_with(b"TRC")).for_each(|(_, tag)| *tag = curve.clone());
        }),
    ];
    for (name, change) in changes {
        let meaning = Meaning::of_profile(&rebuilt(&plain, change));
        assert_eq!((meaning.tones.len(), meaning.is_incomplete), (1, false), "{name}");
        assert!(meaning.tones[0].changed(&[0, 0, 0]).unwrap()[0] > 250, "{name}");
    }
    let broken = rebuilt(&plain, |_, tags| tags.push((*b"A2B0", b"mft2\0\0\0\0".to_vec())));
    assert!(Meaning::of_profile(&broken).is_incomplete);
    let unmarked = rebuilt(&plain, |header, _| header[36] = b'x');
    assert!(Meaning::of_profile(&unmarked).tones.is_empty());
}

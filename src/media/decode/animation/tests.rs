use crate::media::decode::Pixels;
use crate::media::decode::png_chunks::{Chunks, SIGNATURE, push_chunk};
use crate::media::decode::testing::{Shown, assert_withstands, shown};

fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures");
    std::fs::read(folder.join(name)).unwrap()
}

/// A GIF with three colours and a screen of that size.
fn gif(width: u8, height: u8, blocks: &[&[u8]]) -> Vec<u8> {
    let screen = [width, 0, height, 0, 0x81, 0, 0];
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]].concat();
    [b"GIF89a", &screen[..], &colours, &blocks.concat(), b";"].concat()
}

fn control(disposal: u8, transparent: Option<u8>) -> Vec<u8> {
    let packed = disposal << 2 | u8::from(transparent.is_some());
    vec![0x21, 0xf9, 4, packed, 0, 0, transparent.unwrap_or_default(), 0]
}

fn frame([left, top, width, height]: [u8; 4], flags: u8, numbers: &[u8]) -> Vec<u8> {
    let packed = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 2).encode(numbers).unwrap();
    let head = [0x2c, left, 0, top, 0, width, 0, height, 0, flags, 2, packed.len() as u8];
    [&head[..], &packed, &[0]].concat()
}

fn letters(shown: &Shown) -> String {
    let letter = |pixel: &[u8; 4]| match pixel {
        [_, _, _, 0] => '.',
        [255, 0, 0, _] => 'r',
        [0, 255, 0, _] => 'g',
        [0, 0, 255, _] => 'b',
        _ => '?',
    };
    shown.rgba.iter().map(letter).collect()
}

fn drawn(file: &[u8]) -> (Vec<String>, Result<(), &'static str>) {
    let (pictures, ended) = shown(file);
    (pictures.iter().map(letters).collect(), ended)
}

#[test]
fn frames_of_a_gif_are_drawn_over_each_other() {
    let whole = frame([0, 0, 2, 2], 0, &[0, 0, 1, 1]);
    let part = frame([1, 0, 1, 2], 0, &[2, 3]);
    for (disposal, third) in [(1, "brg?"), (2, "brg."), (3, "brgg")] {
        let over = [control(disposal, None), part.clone()].concat();
        let last = [control(0, Some(3)), frame([0, 0, 2, 1], 0, &[2, 0])].concat();
        let (frames, ended) = drawn(&gif(2, 2, &[&whole, &over, &last]));
        assert_eq!((&frames[..], ended), (&["rrgg", "rbg?", third].map(str::to_owned)[..], Ok(())));
    }
    let interlaced = frame([0, 0, 1, 5], 0x40, &[0, 1, 2, 0, 1]);
    // The first row, the last, the one in the middle, then those between.
    assert_eq!(drawn(&gif(1, 5, &[&interlaced])), (vec!["rrbgg".to_owned()], Ok(())));
}

#[test]
fn a_gif_is_shown_up_to_what_is_no_block_on_a_screen_that_has_room() {
    let first = frame([1, 0, 2, 1], 0, &[0, 1]);
    let file = gif(1, 1, &[&first, b"\xffrubbish"]);
    assert_eq!(drawn(&file), (vec![".rg".to_owned()], Ok(())));
    let empty = frame([0, 0, 0, 0], 0, &[]);
    assert_eq!(drawn(&gif(1, 1, &[&empty, &[0, 0], &first])), (vec![".rg".to_owned()], Ok(())));
    assert_eq!(drawn(&gif(1, 1, &[])), (vec![], Err("picture_broken")));
    let mut cut_off = frame([0, 0, 3, 3], 0, &[0, 1, 2, 0, 1, 2, 0, 1, 2]);
    cut_off.truncate(14);
    let (frames, ended) = drawn(&gif(3, 3, &[&cut_off]));
    assert_eq!((frames.len(), ended), (1, Err("picture_broken")));
}

#[test]
fn a_gif_without_colours_is_grey() {
    let mut file = gif(2, 1, &[&frame([0, 0, 2, 1], 0, &[1, 3])]);
    file[10] = 0;
    file.drain(13..25);
    assert_eq!(shown(&file).0[0].rgba, [[1, 1, 1, 255], [3, 3, 3, 255]]);
}

#[test]
fn frames_of_an_apng_are_shown_whatever_their_numbers_are() {
    let all = |name: &str| {
        let (pictures, ended) = shown(&fixture(name));
        assert_eq!(ended, Ok(()), "{name}");
        pictures
    };
    // The first frame is the picture of those who show no animation.
    let [still, frames @ ..] = &all("moving.png")[..] else { panic!() };
    assert_eq!((frames.len(), still), (3, &frames[0]));
    assert_eq!(all("unnumbered.png"), all("moving.png"));
    let [still, first, second] = &all("beside-animation.png")[..] else { panic!() };
    assert_eq!([still, first, second], [&frames[0], &frames[1], &frames[2]]);
}

#[test]
fn what_a_frame_of_an_apng_is_drawn_on_may_be_cleared_or_brought_back() {
    let line = |pixels: &[[u8; 4]]| {
        let row = [&[0], pixels.as_flattened()].concat();
        miniz_oxide::deflate::compress_to_vec_zlib(&row, 6)
    };
    let control = |left: u32, width: u32, disposal: u8, blending: u8| {
        let sides = [0, width, 1, left, 0].map(u32::to_be_bytes).concat();
        [&sides[..], &[0, 1, 0, 1, disposal, blending]].concat()
    };
    let (red, half) = ([255, 0, 0, 255], [0, 0, 255, 128]);
    let file = |disposal, blending| {
        let mut png = SIGNATURE.to_vec();
        push_chunk(&mut png, *b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 6, 0, 0, 0]);
        push_chunk(&mut png, *b"acTL", &[0, 0, 0, 3, 0, 0, 0, 0]);
        push_chunk(&mut png, *b"fcTL", &control(0, 2, 0, 0));
        push_chunk(&mut png, *b"IDAT", &line(&[red, red]));
        push_chunk(&mut png, *b"fcTL", &control(1, 1, disposal, blending));
        push_chunk(&mut png, *b"fdAT", &[&[0; 4][..], &line(&[half])].concat());
        push_chunk(&mut png, *b"fcTL", &control(0, 1, 0, 1));
        push_chunk(&mut png, *b"fdAT", &[&[0; 4][..], &line(&[[0, 255, 0, 255]])].concat());
        push_chunk(&mut png, *b"IEND", &[]);
        png
    };
    let green = [0, 255, 0, 255];
    for (disposal, blending, second, third) in [
        (0, 0, half, half),
        (0, 1, [127, 0, 128, 255], [127, 0, 128, 255]),
        (1, 0, half, [0; 4]),
        (2, 1, [127, 0, 128, 255], red),
    ] {
        let (pictures, ended) = shown(&file(disposal, blending));
        assert_eq!(ended, Ok(()));
        let frames: Vec<&[[u8; 4]]> = pictures[1..].iter().map(|picture| &picture.rgba[..]).collect();
        assert_eq!(frames, [&[red, red][..], &[red, second], &[green, third]], "{disposal}, {blending}");
    }
    assert_withstands("apng", &file(2, 1));
}

#[test]
fn data_that_break_off_in_a_later_frame_are_a_doubt() {
    let png = fixture("moving.png");
    let (pictures, ended) = shown(&png[..png.len() * 9 / 10]);
    assert!(pictures.len() >= 3);
    assert_eq!(ended, Err("picture_broken"));
}

#[test]
fn pictures_of_xcode_have_their_colours_put_right() {
    let pictures = shown(&fixture("xcode.png")).0;
    let beside = shown(&fixture("sizes.cur")).0;
    let far = |a: &[u8; 4], b: &[u8; 4]| a.iter().zip(b).map(|(a, b)| i32::from(a.abs_diff(*b))).max();
    let is_near = |(a, b): (&[u8; 4], &[u8; 4])| a[3] < 16 || far(a, b) < Some(20);
    assert!(pictures[0].rgba.iter().zip(&beside[0].rgba).all(is_near));
    // Data with a header of zlib, as some programs leave them, say the same, and something else to readers that pass
    // over the first chunk.
    let file = fixture("xcode.png");
    let mut with_header = SIGNATURE.to_vec();
    for chunk in Chunks::of(&file) {
        let header: &[u8] = if chunk.kind == *b"IDAT" { &[0x78, 0x01] } else { &[] };
        push_chunk(&mut with_header, chunk.kind, &[header, chunk.content].concat());
    }
    let [as_stored, turned] = &shown(&with_header).0[..] else { panic!() };
    assert_eq!(turned, &pictures[0]);
    assert!(as_stored.rgba.iter().zip(&turned.rgba).all(|(a, b)| a[3] < 255 || [a[2], a[1], a[0]] == b[..3]));
    assert_withstands("xcode", &file);
}

#[test]
fn later_frames_are_halved_where_they_are_large() {
    let rgba: Vec<u8> = (0..5 * 4).flat_map(|at: u8| [at * 10, 7, 0, 255]).collect();
    let half = super::halved(5, 4, &rgba, 3).unwrap();
    assert_eq!((half.width, half.height, half.stored, half.side, half.frame), (2, 2, (5, 4), 2, 3));
    let Pixels::Rgb(pixels) = half.pixels else { panic!("it has no transparency") };
    assert_eq!(pixels.into_raw(), [30, 7, 0, 50, 7, 0, 130, 7, 0, 150, 7, 0]);
}

#[test]
fn a_frame_with_nothing_around_it_is_a_picture_by_itself() {
    let sides = |file: &[u8]| shown(file).0.iter().map(|one| (one.width, one.height)).collect::<Vec<_>>();
    let part = |left: u8, width: u8| frame([left, 0, width, 70], 0, &vec![1; usize::from(width) * 70]);
    assert_eq!(sides(&gif(100, 70, &[&part(0, 90)])), [(100, 70), (90, 70)]);
    assert_eq!(sides(&gif(100, 70, &[&part(0, 100), &part(0, 90)])), [(100, 70)]);
    assert_eq!(sides(&gif(100, 70, &[&part(0, 50)])), [(100, 70)], "a patch");
}

#[test]
fn damage_is_withstood() {
    let whole = frame([0, 0, 2, 2], 0, &[0, 0, 1, 1]);
    let over = [control(3, Some(1)), frame([1, 0, 1, 2], 0x40, &[2, 3])].concat();
    assert_withstands("gif", &gif(2, 2, &[&whole, &over, &whole, &over]));
}

#[test]
fn frames_of_a_webp_are_cleared_where_they_are_to_be() {
    // A picture of one red pixel and one that is transparent, and of these in turn: without loss.
    let frame = |left: u8, flags: u8, chunk: &[u8]| {
        let head = [left / 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 100, 0, 0, flags];
        let length = (head.len() + chunk.len()) as u32;
        [b"ANMF", &length.to_le_bytes()[..], &head, chunk].concat()
    };
    let pixels = |rgba: [[u8; 4]; 2]| {
        let mut file = Vec::new();
        let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut file);
        encoder.encode(rgba.as_flattened(), 2, 1, image::ExtendedColorType::Rgba8).unwrap();
        let mut chunk = file.split_off(12);
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    let (red, green, none) = ([255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 0, 0]);
    let file = |flags: u8| {
        let header = [b"VP8X", &[10, 0, 0, 0, 0x12, 0, 0, 0, 3, 0, 0, 0, 0, 0][..]].concat();
        let control = [b"ANIM", &[6, 0, 0, 0, 9, 9, 9, 255, 0, 0][..]].concat();
        let first = frame(0, flags, &pixels([red, none]));
        let second = frame(0, 0, &pixels([none, green]));
        let third = frame(2, 2, &pixels([none, red]));
        let chunks = [header, control, first, second, third].concat();
        [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &chunks].concat()
    };
    for (flags, second) in [(0, "rg.."), (1, ".g..")] {
        let third = format!("{}.r", &second[..2]);
        assert_eq!(drawn(&file(flags)), (vec!["r...".to_owned(), second.to_owned(), third], Ok(())));
    }
    assert_withstands("webp", &file(1));
    // The length of a frame is not what says where the next one begins.
    let mut longer = file(0);
    let first = memchr::memmem::find(&longer, b"ANMF").unwrap();
    longer[first + 4] += 40;
    assert_eq!(drawn(&longer), drawn(&file(0)));
}

#[test]
fn frames_that_browsers_do_not_show_are_no_doubt() {
    let png = fixture("moving.png");
    let changed = |change: fn(usize, &mut [u8; 4], &mut Vec<u8>)| {
        let mut changed = SIGNATURE.to_vec();
        for (number, chunk) in Chunks::of(&png).enumerate() {
            let (mut kind, mut content) = (chunk.kind, chunk.content.to_vec());
            change(number, &mut kind, &mut content);
            push_chunk(&mut changed, kind, &content);
        }
        shown(&changed)
    };
    let damage = |_: usize, kind: &mut [u8; 4], content: &mut Vec<u8>| {
        if kind == b"fdAT" {
            content[4..8].fill(0xff);
        }
    };
    assert_eq!(changed(damage).1, Err("picture_broken"));
    let (pictures, ended) = changed(|number, kind, content| {
        if kind == b"fdAT" {
            content[4..8].fill(0xff);
            content[3] = number as u8;
        }
    });
    assert_eq!((pictures.is_empty(), ended), (false, Ok(())));
    let (pictures, ended) = changed(|_, kind, _| {
        if kind == b"fdAT" {
            *kind = *b"teXt";
        }
    });
    assert_eq!((pictures.is_empty(), ended), (false, Ok(())));
}

use crate::media::decode::testing::{assert_withstands, only, shown};

const RED: [u8; 4] = [200, 10, 20, 255];
const DARK: [u8; 4] = [30, 40, 50, 255];

/// The same picture of 2×2 pixels in every format that has its colours: red and dark, dark and red.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let words = |numbers: &[u16]| -> Vec<u8> { numbers.iter().flat_map(|number| number.to_le_bytes()).collect() };
    let be = |numbers: &[u32]| -> Vec<u8> { numbers.iter().flat_map(|number| number.to_be_bytes()).collect() };
    let planes = [[200, 30, 30, 200], [10, 40, 40, 10], [20, 50, 50, 20]];
    let mut pcx = [&[10, 5, 1, 8][..], &words(&[0, 0, 1, 1, 72, 72]), &[0; 49], &[3], &words(&[2])].concat();
    pcx.resize(128, 0);
    for row in 0..2 {
        for plane in planes {
            plane[2 * row..2 * row + 2].iter().for_each(|tone| match tone {
                0xc0.. => pcx.extend([0xc1, *tone]),
                _ => pcx.push(*tone),
            });
        }
    }
    let mut dcx = [&[0xb1, 0x68, 0xde, 0x3a][..], &12_u32.to_le_bytes(), &[0; 4]].concat();
    dcx.extend(&pcx);
    let mut sgi = [&[1, 0xda, 0, 1, 0, 3, 0, 2, 0, 2, 0, 3][..], &[0; 500]].concat();
    planes.iter().for_each(|[a, b, c, d]| sgi.extend([c, d, a, b]));
    let sun = |kind: u32, data: &[u8]| [be(&[0x59a6_6a95, 2, 2, 24, 12, kind, 0, 0]), data.to_vec()].concat();
    let bgr = [20, 10, 200, 50, 40, 30, 50, 40, 30, 20, 10, 200];
    let psd = |packing: u8, data: &[u8]| {
        let header =
            [b"8BPS\0\x01\0\0\0\0\0\0\0\x03", &be(&[2, 2])[..], &[0, 8, 0, 3], &[0; 12], &[0, packing]].concat();
        [&header[..], data].concat()
    };
    let runs: Vec<u8> = planes.iter().flat_map(|[a, b, c, d]| [1, *a, *b, 1, *c, *d]).collect();
    let xpm =
        b"/* XPM */\nstatic char *a[] = {\n\"2 2 2 1\",\n\"a c #c80a14\",\n\"b s x c #1E2832\",\n\"ab\",\n\"ba\"};";
    let dib = [&be(&[0x2800_0000, 0x0200_0000, 0x0200_0000])[..], &[1, 0, 24, 0], &[0; 24]].concat();
    let with_alpha = [&sgi[..11], &[4], &sgi[12..], &[255; 4]].concat();
    let shifted = [b"X", &xpm[1..]].concat();
    vec![
        ("pcx", pcx),
        ("dcx", dcx),
        ("sgi", sgi),
        ("sgi of four planes", with_alpha),
        ("sun", sun(1, &bgr)),
        ("sun in runs", sun(2, &bgr)),
        ("psd", psd(0, planes.as_flattened())),
        ("psd in runs", psd(1, &[&[0, 3].repeat(6)[..], &runs].concat())),
        ("xpm", xpm.to_vec()),
        ("xpm behind another letter", shifted),
        ("dib", [&dib[..], &bgr[6..12], &[0, 0], &bgr[..6], &[0, 0]].concat()),
    ]
}

#[test]
fn a_picture_of_sgi_with_too_few_dimensions_is_shown_with_all_of_its_sides_too() {
    let (_, sgi) = files().into_iter().find(|(name, _)| *name == "sgi").unwrap();
    for dimensions in [1, 2] {
        let file = [&sgi[..5], &[dimensions], &sgi[6..]].concat();
        let readings: Vec<_> = shown(&file).0.into_iter().map(|one| one.rgba).collect();
        assert!(readings.len() == 2 && readings[1] == [RED, DARK, DARK, RED], "{dimensions}: {readings:?}");
    }
}

#[test]
fn every_format_shows_the_same_picture() {
    for (name, file) in files() {
        assert_eq!(only(&file).rgba, [RED, DARK, DARK, RED], "{name}");
    }
    let xbm = b"#define a_width 2\n#define a_height 2\nstatic char a_bits[] = { 0x01, 0x02 };";
    let (black, white) = ([0, 0, 0, 255], [255; 4]);
    assert_eq!(only(xbm).rgba, [black, white, white, black]);
    let loose = b"#define a_width 2\n#define a_height 2\nstatic char a_bits[] = { 0x01, 0 0x02 };";
    let readings: Vec<_> = shown(loose).0.into_iter().map(|one| one.rgba).collect();
    assert_eq!(readings, [[black, white, white, white], [black, white, white, black]]);
    let named = b"#define width 2\n#define height 2\nstatic char a_bits[] = { 0x01, 0x02 };";
    assert_eq!(only(named).rgba, [black, white, white, black]);
    let card = |text: &str| format!("{text:<80}");
    let cards = ["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 2 / columns", "NAXIS2  = 2", "END"];
    let mut fits = cards.map(card).concat().into_bytes();
    fits.resize(2_880, b' ');
    fits.extend([0, 0, 1, 0, 0xff, 0, 0, 0]);
    for (sign, without) in [("SIMPLE  = T", "SIMPLE    T"), ("BITPIX  =", "BITPIX   "), ("NAXIS2  =", "NAXIS2   ")] {
        let at = memchr::memmem::find(&fits, sign.as_bytes()).unwrap();
        fits[at..at + without.len()].copy_from_slice(without.as_bytes());
    }
    let tones: Vec<u8> = only(&fits).rgba.iter().map(|pixel| pixel[0]).collect();
    assert_eq!(tones, [0, 127, 127, 255]);
    let icns = [&b"icns\0\0\0\0is32\0\0\x03\x0e"[..], &[&[0x7f][..], &[9; 128]].concat().repeat(6)].concat();
    let icon = only(&icns);
    assert_eq!((icon.width, icon.rgba[255]), (16, [9, 9, 9, 255]));
}

#[test]
fn a_psd_whose_layers_are_apart_is_a_doubt() {
    let psd = |resources: &[u8], data: &[u8]| {
        let header =
            [&b"8BPS\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x08\0\x01\0\0\0\0"[..], &[0, 0, 0]].concat();
        [&header[..], &[resources.len() as u8], resources, &[0; 4], data].concat()
    };
    let other = b"8BIM\x03\xed\x01a\0\0\0\x01x\0";
    let info = |has_merged: u8| [&other[..], b"8BIM\x04\x21\0\0\0\0\0\x05\0\0\0\x01", &[has_merged, 0]].concat();
    let ended = |file: &[u8]| (shown(file).0.len(), shown(file).1);
    assert_eq!(ended(&psd(&info(1), &[0, 0, 7])), (1, Ok(())));
    assert_eq!(ended(&psd(other, &[0, 0, 7])), (1, Ok(())));
    assert_eq!(ended(&psd(&info(0), &[0, 0, 7])), (1, Err("picture_unsupported")));
    assert_eq!(ended(&psd(other, &[])), (0, Err("picture_unsupported")));
}

#[test]
fn readers_of_pcx_differ_over_runs_and_rows() {
    let pcx = |stride: u8, data: &[u8]| {
        let mut file = [&[10, 5, 1, 8][..], &[0, 0, 0, 0, 1, 0, 1, 0], &[0; 53], &[1, stride, 0]].concat();
        file.resize(128, 0);
        [&file[..], data].concat()
    };
    let tones = |file: &[u8]| -> Vec<Vec<u8>> {
        shown(file).0.iter().map(|one| one.rgba.iter().map(|pixel| pixel[0]).collect()).collect()
    };
    assert_eq!(tones(&pcx(2, &[1, 2, 3, 4])), [[1, 2, 3, 4]]);
    assert_eq!(tones(&pcx(2, &[0xc3, 7, 8, 9])), [[7, 7, 7, 8], [7, 7, 8, 9]], "a run goes on in the next row");
    assert_eq!(
        tones(&pcx(3, &[1, 2, 3, 4, 5, 6])),
        [[1, 2, 4, 5], [1, 2, 3, 4]],
        "a row that is longer than it has to be"
    );
}

#[test]
fn what_is_cut_off_or_unusual_is_a_doubt() {
    for (name, file) in files() {
        let (_, ended) = shown(&file[..file.len() - 2]);
        assert!(ended.is_ok() || ended == Err("picture_broken"), "{name}: {ended:?}");
    }
    for magic in [&b"\x76\x2f\x31\x01"[..], b"gimp xcf v011", b"SDPX", b"id=ImageMagick  version=1.0"] {
        let file = [magic, &[0; 60]].concat();
        assert_eq!(shown(&file), (Vec::new(), Err("picture_unsupported")));
    }
}

#[test]
fn damage_is_withstood() {
    files().iter().for_each(|(name, file)| assert_withstands(name, file));
}

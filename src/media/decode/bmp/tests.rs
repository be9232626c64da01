use super::super::testing::{assert_withstands, only, shown};

/// Colours of a picture of 5×3 pixels, as numbers.
const NUMBERS: [[u8; 5]; 3] = [[0, 1, 2, 3, 0], [3, 2, 1, 0, 1], [1, 1, 2, 2, 3]];
const COLOURS: [[u8; 3]; 4] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [8, 136, 248]];

/// A file of a header of Windows of `size` bytes, with what comes after it, and rows.
fn bmp(size: u32, height: i32, bits: u16, compression: u32, behind: &[u8], rows: &[u8]) -> Vec<u8> {
    let mut header = [size.to_le_bytes(), 5_u32.to_le_bytes(), height.to_le_bytes()].concat();
    if size == 12 {
        header.truncate(4);
        header.extend([5, 0, height as u8, 0]);
    }
    header.extend([1, 0]);
    header.extend(bits.to_le_bytes());
    header.extend(compression.to_le_bytes());
    header.resize(size as usize, 0);
    file(&header, behind, rows)
}

fn file(header: &[u8], behind: &[u8], rows: &[u8]) -> Vec<u8> {
    let start = (14 + header.len() + behind.len()) as u32;
    [b"BM", &[0; 8][..], &start.to_le_bytes(), header, behind, rows].concat()
}

fn palette(fill: &[u8]) -> Vec<u8> {
    COLOURS.iter().flat_map(|[red, green, blue]| [&[*blue, *green, *red], fill].concat()).collect()
}

fn packed_rows(rows: impl DoubleEndedIterator<Item = Vec<u8>>) -> Vec<u8> {
    rows.rev().flat_map(|row| [row.clone(), vec![0; row.len().next_multiple_of(4) - row.len()]].concat()).collect()
}

fn of_bits(bits: usize) -> Vec<u8> {
    packed_rows(NUMBERS.iter().map(|row| {
        let mut packed = vec![0; (row.len() * bits).div_ceil(8)];
        for (x, number) in row.iter().enumerate() {
            packed[x * bits / 8] |= number << (8 - bits - x * bits % 8);
        }
        packed
    }))
}

fn expected() -> Vec<[u8; 4]> {
    let rgba = |number: &u8| {
        let [red, green, blue] = COLOURS[usize::from(*number)];
        [red, green, blue, 255]
    };
    NUMBERS.iter().flatten().map(rgba).collect()
}

#[test]
fn numbers_of_colours_are_read_under_every_header() {
    for (size, fill) in [(12, &[][..]), (16, &[0]), (40, &[0]), (42, &[0]), (52, &[0]), (64, &[0]), (124, &[9])] {
        for bits in [2, 4, 8] {
            let file = bmp(size, 3, bits, 0, &palette(fill), &of_bits(usize::from(bits)));
            assert_eq!(only(&file).rgba, expected(), "header of {size} bytes, {bits} bits");
        }
    }
    let ones = packed_rows([vec![0b0100_1000], vec![0b1111_1000], vec![0]].into_iter());
    let file = bmp(40, 3, 1, 0, &palette(&[0])[..8], &ones);
    let tones: Vec<u8> = only(&file).rgba.iter().map(|pixel| pixel[0] & 1).collect();
    assert_eq!(tones, [0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
}

#[test]
fn greys_go_on_where_a_file_has_only_the_first_of_them() {
    let greys: Vec<u8> = (0..3).flat_map(|grey| [grey, grey, grey, 0]).collect();
    let mut file = bmp(40, 3, 8, 0, &greys, &of_bits(8));
    file[46] = 3;
    let (pictures, ended) = shown(&file);
    let lightest = |number: usize| pictures[number].rgba.iter().map(|pixel| pixel[0]).max();
    assert_eq!((pictures.len(), ended, lightest(0), lightest(1)), (2, Ok(()), Some(2), Some(3)));
}

#[test]
fn colours_are_read_in_all_widths_and_both_orders_of_rows() {
    let row = |pixel: fn([u8; 3]) -> Vec<u8>| {
        NUMBERS.map(|row| row.iter().flat_map(|number| pixel(COLOURS[usize::from(*number)])).collect::<Vec<u8>>())
    };
    let rows = row(|[red, green, blue]| vec![blue, green, red]);
    assert_eq!(only(&bmp(40, 3, 24, 0, &[], &packed_rows(rows.clone().into_iter()))).rgba, expected());
    assert_eq!(only(&bmp(40, -3, 24, 0, &[], &packed_rows(rows.into_iter().rev()))).rgba, expected());
    let rows = row(|[red, green, blue]| vec![blue, green, red, 0]);
    assert_eq!(only(&bmp(40, 3, 32, 0, &[], &packed_rows(rows.into_iter()))).rgba, expected());
    let masks = [0xff_u32, 0xff00, 0x00ff_0000].map(u32::to_le_bytes).concat();
    let rows = row(|[red, green, blue]| vec![red, green, blue, 77]);
    assert_eq!(only(&bmp(40, 3, 32, 3, &masks, &packed_rows(rows.into_iter()))).rgba, expected());
    let rows = row(|[red, green, blue]| {
        let [red, green, blue] = [red, green, blue].map(|tone| u16::from(tone) >> 3);
        (red << 10 | green << 5 | blue).to_le_bytes().to_vec()
    });
    let near = only(&bmp(40, 3, 16, 0, &[], &packed_rows(rows.into_iter()))).rgba;
    assert!(near.as_flattened().iter().zip(expected().as_flattened()).all(|(a, b)| a.abs_diff(*b) < 8), "{near:?}");
}

#[test]
fn transparency_is_read_where_there_is_any() {
    let rows = |alphas: [u8; 15]| {
        packed_rows(alphas.as_chunks::<5>().0.iter().map(|row| row.iter().flat_map(|a| [1, 2, 3, *a]).collect()))
    };
    let mixed = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
    let alphas = |file: Vec<u8>| only(&file).rgba.iter().map(|pixel| pixel[3]).collect::<Vec<_>>();
    assert_eq!(alphas(bmp(40, 3, 32, 0, &[], &rows(mixed))), mixed);
    assert_eq!(alphas(bmp(40, 3, 32, 0, &[], &rows([0; 15]))), [255; 15]);
    let mut long = bmp(124, 3, 32, 0, &[], &rows(mixed));
    assert_eq!(alphas(long.clone()), [255; 15], "there is no mask");
    long[14 + 52..14 + 56].copy_from_slice(&0xff00_0000_u32.to_le_bytes());
    assert_eq!(alphas(long), mixed);
}

#[test]
fn runs_are_read_in_numbers_and_in_colours() {
    let eight: &[u8] = &[2, 1, 0, 3, 2, 2, 3, 0, 0, 0, 0, 5, 3, 2, 1, 0, 1, 0, 0, 0, 0, 4, 0, 1, 2, 3, 1, 0, 0, 1];
    assert_eq!(only(&bmp(40, 3, 8, 1, &palette(&[0]), eight)).rgba, expected());
    let four: &[u8] = &[0, 5, 0x11, 0x22, 0x30, 0, 0, 0, 0, 5, 0x32, 0x10, 0x10, 0, 0, 0, 4, 0x01, 0, 0, 0, 1];
    let read = only(&bmp(64, 3, 4, 2, &palette(&[0]), four)).rgba;
    assert_eq!(read[5..], expected()[5..]);
    assert_eq!(read[..4].iter().map(|pixel| pixel[0]).collect::<Vec<_>>(), [0, 255, 0, 255]);
    assert_eq!(read[4], [0, 0, 0, 0], "it is left out");
    let [_, white, red, blue] = COLOURS.map(|[red, green, blue]| vec![blue, green, red]);
    let black = vec![0; 3];
    let run = |count: u8, colour: &Vec<u8>| [vec![count], colour.clone()].concat();
    let list = |colours: &[&Vec<u8>]| {
        let bytes = colours.iter().flat_map(|colour| (*colour).clone()).collect::<Vec<u8>>();
        [vec![0, colours.len() as u8], bytes.clone(), vec![0; bytes.len() % 2]].concat()
    };
    let rows = [
        [run(2, &white), run(2, &red), run(1, &blue), vec![0, 0]].concat(),
        [list(&[&blue, &red, &white, &black, &white]), vec![0, 0]].concat(),
        [list(&[&black, &white, &red, &blue]), run(1, &black), vec![0, 1]].concat(),
    ];
    assert_eq!(only(&bmp(64, 3, 24, 4, &[], &rows.concat())).rgba, expected());
}

#[test]
fn another_file_may_be_inside() {
    for (name, compression) in [("baseline.jpg", 4), ("palette.png", 5)] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures");
        let inner = std::fs::read(folder.join(name)).unwrap();
        let read = only(&bmp(40, 3, 0, compression, &[], &inner));
        assert_eq!((read.width, read.height), (240, 160), "{name}");
    }
}

#[test]
fn a_picture_without_its_last_rows_is_shown_and_is_a_doubt() {
    let whole = bmp(40, 3, 8, 0, &palette(&[0]), &of_bits(8));
    let (pictures, ended) = shown(&whole[..whole.len() - 8]);
    assert_eq!((pictures.len(), ended), (1, Err("picture_broken")));
    assert_eq!(pictures[0].rgba[10..], expected()[10..]);
    assert_eq!(shown(&whole[..whole.len() - 24]), (Vec::new(), Err("picture_broken")));
    assert_eq!(shown(&bmp(40, 3, 64, 0, &[], &[0; 999])).1, Err("picture_unsupported"));
    assert_eq!(shown(&bmp(40, 3, 7, 0, &[], &[0; 999])).1, Err("picture_broken"));
}

#[test]
fn damage_is_withstood() {
    assert_withstands("numbers", &bmp(12, 3, 8, 0, &palette(&[]), &of_bits(8)));
    let runs: Vec<u8> = (0..200).flat_map(|at: u8| [at % 7, at % 5]).collect();
    assert_withstands("runs", &bmp(64, 3, 8, 1, &palette(&[0]), &runs));
    assert_withstands("runs of colours", &bmp(64, 3, 24, 4, &palette(&[0]), &runs));
    assert_withstands("fax", &bmp(64, 3, 1, 3, &palette(&[0])[..8], &runs));
    assert_withstands("masks", &bmp(124, 3, 32, 3, &[], &runs));
}

//! Streams that the usual tools made, and what becomes of them when they are damaged.

use bytes::Bytes;

use super::*;
use crate::body::Stores;
use crate::config::Limits;

/// "Penstock holds it. " fifty times: by Python's gzip, zlib, lzma and bz2, brotli 1.1, zstd 1.5, lz4 1.9, lzip 1.23,
/// `xz --format=lzma` and ncompress.
const TEXT: &str = "Penstock holds it. ";
const TIMES: usize = 50;

fn streams() -> [(Coding, Vec<u8>); 9] {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    [
        (Coding::Gzip, hex(GZIP)),
        (Coding::Zlib, hex(ZLIB)),
        (Coding::Deflate, hex(DEFLATE)),
        (Coding::Brotli, hex(BROTLI)),
        (Coding::Zstd, hex(ZSTD)),
        (Coding::Xz, hex(XZ)),
        (Coding::Bzip2, hex(BZIP2)),
        (Coding::Lz4, hex(LZ4)),
        (Coding::Lzip, hex(LZIP)),
    ]
}

const GZIP: &str = "1f8b08000000000002030b48cd2b2ec94fce56c8c8cf492956c82cd1530818151a151a151acc420054095940b6030000";
const ZLIB: &str = "78da0b48cd2b2ec94fce56c8c8cf492956c82cd1530818151a151a151acc420050c653e8";
const DEFLATE: &str = "0b48cd2b2ec94fce56c8c8cf492956c82cd1530818151a151a151acc4200";
const BROTLI: &str = "1bb503f88d94aac3bb06812a4b932e6e7439c826a5a508aaa093555cbaeb03";
const ZSTD: &str = "28b52ffd64b602d500009850656e73746f636b20686f6c64732069742e200100415b35c38340f81c";
const BZIP2: &str = "425a6839314159265359fcc7037a00007c9380400140000e6d8c0020006029540069a100003445da2f916516e8b28be45d22d88bb45ba2f51728b08b08b28b28b08bf177245385090fcc7037a0";
const XZ: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a3e003b500205d00281949c7672e94986b9356946af4a734d6f30b30f215581cc064605eea3b330000407ae128120357a400013cb60700000006d6bdb2b1c467fb020000000004595a";

const LZ4: &str =
    "04224d187440bd21000000ff0450656e73746f636b20686f6c64732069742e201300ffffff8e502069742e20d4cd88070000000093897f4d";
const LZ4_OLD: &str = "02214c1821000000ff0450656e73746f636b20686f6c64732069742e201300ffffff8e502069742e20";
const LZIP: &str = "4c5a4950010c00281949c7672e94986b9356946af4a734d6f30b30f215581cc064605f25a376ffffe418800054095940b6030000000000004000000000000000";
const LZMA: &str =
    "5d00008000ffffffffffffffff00281949c7672e94986b9356946af4a734d6f30b30f215581cc064605f25a376ffffe4188000";
const COMPRESS: &str = "1f9d9050cab89943e7cd983520d0bc6143660e8834745c800838b0e0c1840b1b3e8c385120418308153274085122c58f17456a2cd9b122488c23379af468316446921c4fd684b93227cd972a71ce7499f2a6cc96286dc664a913a851a63f8b2ef5495469cfa149790a45ba33e8d1a652af72753a156bd7a754b37a855a55ebd7a856b7828dfbb6eddab467cb8e0d2b17ae5bb66ad19a252b76ee5fbc84fbda15bc972ee0bc85fdde1dccb76e60bd8627373e4cd931e2ca8f135b86acf872e4c5982533cebc5a756ad4a74d97267d14";

fn unpacked(coding: Coding, input: &[u8], limits: &ExtractLimits, deadline: &Deadline) -> (End, Bytes) {
    let (room, stores) = (Limits::default(), Stores::default());
    let mut unpacker = Unpacker::new(Scratch::new(&room, &stores), limits, deadline);
    let mut output = unpacker.output();
    let end = unpacker.unpack(coding, input, &mut output);
    (end, output.finish().unwrap())
}

#[test]
fn streams_of_other_tools_come_back_and_tell_their_length() {
    for (coding, stream) in streams() {
        let followed = [&stream[..], b"trailing"].concat();
        let (end, content) = unpacked(coding, &followed, &ExtractLimits::default(), &Deadline::NEVER);
        assert_eq!(end, End::Complete(stream.len()), "{coding:?}");
        assert_eq!(content, TEXT.repeat(TIMES).as_bytes(), "{coding:?}");
    }
}

/// A block of Snappy: how much it gives, the text, and copies of it.
fn snappy_block(times: usize) -> Vec<u8> {
    let (mut block, mut length) = (Vec::new(), TEXT.len() * times);
    let mut left = length - TEXT.len();
    while length > 0x7f {
        block.push(length as u8 | 0x80);
        length >>= 7;
    }
    block.extend([length as u8, (TEXT.len() as u8 - 1) << 2]);
    block.extend(TEXT.as_bytes());
    while left > 0 {
        let copied = left.min(64);
        block.extend([(copied as u8 - 1) << 2 | 2, TEXT.len() as u8, 0]);
        left -= copied;
    }
    block
}

#[test]
fn a_block_of_snappy_is_as_long_as_it_says() {
    for times in [1, TIMES, 1 << 20] {
        let (end, content) =
            unpacked(Coding::SnappyBlock, &snappy_block(times), &ExtractLimits::default(), &Deadline::NEVER);
        assert!(matches!(end, End::Complete(_)) && content == TEXT.repeat(times).as_bytes(), "{times}");
    }
    let mut longer = snappy_block(TIMES);
    longer[0] += 1;
    let cut = snappy_block(TIMES);
    let far = [7, 0, b'x', 0x01 | 2 << 2, 2];
    for block in [&longer[..], &cut[..cut.len() - 3], &[snappy_block(1), vec![0, b'x']].concat(), &far, &[0xff; 9], &[]]
    {
        let (end, _) = unpacked(Coding::SnappyBlock, block, &ExtractLimits::default(), &Deadline::NEVER);
        assert_eq!(end, End::Broken, "{block:?}");
    }
}

#[test]
fn streams_that_have_no_end_of_their_own_come_back() {
    for (coding, stream, text) in [
        (Coding::LzmaAlone, LZMA, TEXT.repeat(TIMES)),
        (Coding::Lz4, LZ4_OLD, TEXT.repeat(TIMES)),
        (Coding::Compress, COMPRESS, TEXT.repeat(TIMES)),
    ] {
        let stream = data_encoding::HEXLOWER.decode(stream.as_bytes()).unwrap();
        let (end, content) = unpacked(coding, &stream, &ExtractLimits::default(), &Deadline::NEVER);
        assert_eq!((end, &content[..]), (End::Complete(stream.len()), text.as_bytes()), "{coding:?}");
    }
}

#[test]
fn a_stream_that_is_cut_off_or_damaged_is_broken() {
    for (coding, stream) in streams() {
        for cut in [&stream[..stream.len() - 1], &stream[..3], b""] {
            let (end, _) = unpacked(coding, cut, &ExtractLimits::default(), &Deadline::NEVER);
            assert_eq!(end, End::Broken, "{coding:?}, {} bytes", cut.len());
        }
        let mut damaged = stream.clone();
        damaged[0] ^= 0x7f;
        let (end, _) = unpacked(coding, &damaged, &ExtractLimits::default(), &Deadline::NEVER);
        assert_eq!(end, End::Broken, "{coding:?}");
    }
}

#[test]
fn a_wrong_checksum_is_broken_and_the_content_is_there_all_the_same() {
    for (coding, stream) in streams().into_iter().filter(|(coding, _)| matches!(coding, Coding::Gzip | Coding::Zlib)) {
        let mut damaged = stream;
        let at = damaged.len() - 8;
        damaged[if coding == Coding::Gzip { at } else { at + 7 }] ^= 1;
        let (end, content) = unpacked(coding, &damaged, &ExtractLimits::default(), &Deadline::NEVER);
        assert_eq!((end, content.len()), (End::Broken, TEXT.len() * TIMES), "{coding:?}");
    }
}

#[test]
fn limits_end_a_stream_at_their_place() {
    let length = (TEXT.len() * TIMES) as u64;
    for (coding, stream) in streams() {
        let at = |max_unpacked| {
            let limits = ExtractLimits { max_unpacked, ..ExtractLimits::default() };
            unpacked(coding, &stream, &limits, &Deadline::NEVER).0
        };
        assert_eq!(at(length), End::Complete(stream.len()), "{coding:?}");
        assert_eq!(at(length - 1), End::TooLarge, "{coding:?}");
        let late = Deadline::after(std::time::Duration::ZERO);
        assert_eq!(unpacked(coding, &stream, &ExtractLimits::default(), &late).0, End::Late, "{coding:?}");
    }
}

#[test]
fn a_picture_without_compression_may_be_as_dense_as_its_size_says() {
    let bmp = |width: u32, length: usize| {
        let head = [&b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..], &width.to_le_bytes(), &3508_u32.to_le_bytes()];
        let mut bmp = [&head.concat()[..], &[1, 0, 24, 0]].concat();
        bmp.resize(length, 0xff);
        miniz_oxide::deflate::compress_to_vec(&bmp, 9)
    };
    for (width, length, is_dense) in
        [(2480, 26 << 20, false), (2480, 64 << 20, true), (24, 26 << 20, true), (u32::MAX, 26 << 20, true)]
    {
        let (end, _) = unpacked(Coding::Deflate, &bmp(width, length), &ExtractLimits::default(), &Deadline::NEVER);
        assert_eq!(end == End::TooDense, is_dense, "{width} pixels wide, {length} bytes");
    }
}

#[test]
fn a_stream_may_be_dense_up_to_the_floor_and_not_past_it() {
    let zeros = |length: u64| miniz_oxide::deflate::compress_to_vec(&vec![0; length as usize], 9);
    let floor = ExtractLimits::RATIO_FLOOR;
    for (length, is_dense) in [(floor, false), (floor + 1, true)] {
        let (end, _) = unpacked(Coding::Deflate, &zeros(length), &ExtractLimits::default(), &Deadline::NEVER);
        assert_eq!(end == End::TooDense, is_dense, "{length} bytes");
    }
}

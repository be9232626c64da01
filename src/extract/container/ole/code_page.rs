//! Charsets by the numbers that Windows has for them.
//!
//! Source: "Code Page Identifiers", Microsoft.

use encoding_rs::Encoding;

/// UTF-16, in which no single byte is a letter.
pub(super) const UTF_16: u16 = 1200;

/// The charset with this number; `None` for what nobody has written texts of Office in.
pub(super) fn encoding(code_page: u16) -> Option<&'static Encoding> {
    Some(match code_page {
        874 | 1250..=1258 => return Encoding::for_label(format!("windows-{code_page}").as_bytes()),
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 | 51_949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        UTF_16 => encoding_rs::UTF_16LE,
        10_000 | 0x8000 => encoding_rs::MACINTOSH,
        10_007 => encoding_rs::X_MAC_CYRILLIC,
        20_866 => encoding_rs::KOI8_R,
        21_866 => encoding_rs::KOI8_U,
        28_591..=28_605 => return Encoding::for_label(format!("iso-8859-{}", code_page - 28_590).as_bytes()),
        50_220..=50_222 => encoding_rs::ISO_2022_JP,
        51_932 | 20_932 => encoding_rs::EUC_JP,
        54_936 => encoding_rs::GB18030,
        65_001 => encoding_rs::UTF_8,
        0x8001 => encoding_rs::WINDOWS_1252,
        _ => return None,
    })
}

//! Charsets of documents and of their fonts: by the number of a code page, or of a font's charset.
//!
//! Sources: RTF 1.9.1, "Character Set" and "Font Table"; the mappings of code pages 437 and 850 that Unicode publishes.

use encoding_rs::{Encoding, IBM866, KOI8_R, KOI8_U, MACINTOSH, SHIFT_JIS, UTF_8, WINDOWS_1252, X_MAC_CYRILLIC};

/// What bytes are characters of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charset {
    /// One that browsers know.
    Known(&'static Encoding),
    /// The upper half of one of DOS, in four lines.
    Dos(&'static [&'static str; 4]),
}

/// Code page 437.
const DOS_437: [&str; 4] = [
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ",
    "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀",
    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
];

/// Code page 850.
const DOS_850: [&str; 4] = [
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ",
    "áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐",
    "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀",
    "ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
];

impl Charset {
    /// The one that documents are in which name none.
    pub(super) const WESTERN: Self = Self::Known(WINDOWS_1252);

    /// The one of Macintosh.
    pub(super) const MAC: Self = Self::Known(MACINTOSH);

    /// Code page `number`.
    pub(super) fn of_page(number: i64) -> Option<Self> {
        let known = match number {
            437 => return Some(Self::Dos(&DOS_437)),
            850 => return Some(Self::Dos(&DOS_850)),
            866 => IBM866,
            932 => SHIFT_JIS,
            936 => encoding_rs::GBK,
            949 | 1361 => encoding_rs::EUC_KR,
            950 => encoding_rs::BIG5,
            10000 => MACINTOSH,
            10007 => X_MAC_CYRILLIC,
            20866 => KOI8_R,
            21866 => KOI8_U,
            65001 => UTF_8,
            28591..=28606 => Encoding::for_label(format!("iso-8859-{}", number - 28590).as_bytes())?,
            _ => Encoding::for_label(format!("windows-{number}").as_bytes())?,
        };
        Some(Self::Known(known))
    }

    /// The one that fonts have by `number`; `None` where that is the document's.
    pub(super) fn of_font(number: i64) -> Option<Self> {
        Self::of_page(match number {
            77 => 10000,
            128 => 932,
            129 => 949,
            130 => 1361,
            134 => 936,
            136 => 950,
            161 => 1253,
            162 => 1254,
            163 => 1258,
            177 => 1255,
            178 => 1256,
            186 => 1257,
            204 => 1251,
            222 => 874,
            238 => 1250,
            254 => 437,
            255 => 850,
            _ => return None,
        })
    }

    /// Whether both are the same.
    pub(super) fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => one == other,
            (Self::Dos(one), Self::Dos(other)) => std::ptr::eq(one, other),
            _ => false,
        }
    }

    /// What `bytes` say.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Known(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Dos(upper) => {
                let of = |byte: &u8| match byte.checked_sub(128).map(usize::from) {
                    None => char::from(*byte),
                    Some(at) => upper[at / 32].chars().nth(at % 32).unwrap_or(char::REPLACEMENT_CHARACTER),
                };
                bytes.iter().map(of).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_dos_have_a_character_for_every_byte() {
        for table in [&DOS_437, &DOS_850] {
            assert!(table.iter().all(|line| line.chars().count() == 32));
        }
        assert_eq!(Charset::Dos(&DOS_437).decode(b"r\x81be \x94"), "rübe ö");
        assert_eq!(Charset::Dos(&DOS_850).decode(&[0x9b, 0xff]), "ø\u{a0}");
    }
}

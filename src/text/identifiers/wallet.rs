//! Addresses of currencies, told by their form. Checksums are not looked at: a list says which ones matter.

/// Characters of the shortest.
pub(super) const LEAST: usize = 26;

/// The one form of `written`: what comes in either case in lower case, without the name of the currency before it. `None`
/// when it has the form of no address.
///
/// Sources: BIP 173 and BIP 350 (bc1…), Bitcoin's and Litecoin's Base58Check addresses, EIP-55 (0x…), CashAddr, Monero's
/// 95 and 106 characters, Tron's T….
pub(super) fn normalised(written: &str) -> Option<String> {
    let address = match written.split_once(':') {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => rest,
        _ => written,
    };
    let address = address.split(['?', '/']).next().unwrap_or_default();
    let lower = address.to_ascii_lowercase();
    let is_of = |text: &str, is_digit: fn(u8) -> bool| text.bytes().all(is_digit);
    if lower.strip_prefix("0x").is_some_and(|hex| hex.len() == 40 && is_of(hex, |byte| byte.is_ascii_hexdigit())) {
        return Some(lower);
    }
    let segwit = ["bc1", "ltc1", "tb1"].into_iter().find_map(|prefix| lower.strip_prefix(prefix));
    if segwit.is_some_and(|rest| (11..=87).contains(&rest.len()) && is_of(rest, is_bech32)) {
        return Some(lower);
    }
    let is_cash = lower.len() == 42 && lower.starts_with(['q', 'p']) && is_of(&lower, is_bech32);
    if is_cash && address != written {
        return Some(lower);
    }
    let first = address.chars().next()?;
    let has_length = match first {
        '1' | '3' | 'L' | 'M' => (26..=35).contains(&address.len()),
        'D' | 'T' => address.len() == 34,
        '4' | '8' => matches!(address.len(), 95 | 106),
        _ => false,
    };
    let is_mixed =
        address.bytes().any(|byte| byte.is_ascii_digit()) && address.bytes().any(|byte| byte.is_ascii_uppercase());
    (has_length && is_mixed && is_of(address, is_base58)).then(|| address.to_owned())
}

const fn is_bech32(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && !matches!(byte, b'1' | b'b' | b'i' | b'o')
}

const fn is_base58(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l')
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn addresses_are_told_by_their_form() {
        for (written, expected) in [
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Some("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")),
            ("bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=1", Some("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")),
            ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", Some("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Some("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", None),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", None),
            ("antidisestablishmentarianism", None),
            ("", None),
        ] {
            assert_eq!(normalised(written).as_deref(), expected, "{written}");
        }
    }
}

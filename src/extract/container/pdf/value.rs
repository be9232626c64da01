//! Values as PDF writes them (ISO 32000-1 §7.3), read leniently and within bounds.

/// Most values that one value may consist of, and most bytes of a string: content streams have no other bounds.
const MAX_VALUES: usize = 1 << 18;
const MAX_STRING: usize = 16 << 20;

/// Nesting of arrays and dictionaries.
const MAX_DEPTH: usize = 16;

/// A value, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// Without its slash.
    Name(String),
    String(Vec<u8>),
    Array(Vec<Self>),
    Dictionary(Dictionary),
    /// The object of this number.
    Reference(u32),
    /// `true`, `false`, `null`.
    Word(&'static str),
}

/// Keys and values in the order written; a key may be there more than once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Dictionary(Vec<(String, Value)>);

impl Dictionary {
    /// The value of the first of `keys` that is there. Most readers take the last of several values.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().find_map(|key| self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value))
    }

    /// Keys and values as operands, one after the other, as pictures within content have them.
    pub(super) fn of_operands(operands: &[Value]) -> Self {
        let entry = |pair: &[Value]| match pair {
            [Value::Name(name), value] => Some((name.clone(), value.clone())),
            _ => None,
        };
        Self(operands.chunks(2).filter_map(entry).collect())
    }

    /// The same, with `space` as its colour space.
    pub(super) fn with_space(&self, space: Value) -> Self {
        let others = self.0.iter().filter(|(name, _)| !matches!(name.as_str(), "ColorSpace" | "CS"));
        Self(others.cloned().chain([("CS".to_owned(), space)]).collect())
    }

    /// Every value, to be changed.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Every key with its value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// Reads values one after the other.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Values that the current one may still consist of.
    values: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, values: MAX_VALUES }
    }

    /// Where it stands.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next value; `None` when there is none.
    pub(super) fn value(&mut self) -> Option<Value> {
        self.values = MAX_VALUES;
        self.value_within(MAX_DEPTH)
    }

    /// Whether `word` stands here, which is then passed.
    pub(super) fn passes(&mut self, word: &[u8]) -> bool {
        self.skip_blanks();
        let is_there = self.rest().starts_with(word);
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    /// The operator that stands here, which is then passed; what is no operator is passed byte by byte. `None` at the
    /// end.
    fn operator(&mut self) -> Option<&'a [u8]> {
        self.skip_blanks();
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| !is_blank(**byte) && !is_delimiter(**byte)).count();
        let length = length.max(1).min(rest.len());
        self.at += length;
        (length > 0).then(|| &rest[..length])
    }

    /// The next operator. The values before it, at most `most` of them, replace what is in `operands`. `None` at the
    /// end.
    pub(super) fn operation(&mut self, operands: &mut Vec<Value>, most: usize) -> Option<&'a [u8]> {
        operands.clear();
        while let Some(value) = self.value() {
            if operands.len() < most {
                operands.push(value);
            }
        }
        self.operator()
    }

    /// Passes `length` bytes.
    pub(super) fn skip(&mut self, length: usize) {
        self.at = self.at.saturating_add(length).min(self.bytes.len());
    }

    /// Passes everything up to the end of the next `word` that stands alone, or to the end.
    pub(super) fn skip_behind(&mut self, word: &[u8]) {
        let rest = self.rest();
        let stands_alone = |at: &usize| {
            at.checked_sub(1).is_none_or(|before| is_blank(rest[before]))
                && rest.get(at + word.len()).is_none_or(|behind| is_blank(*behind))
        };
        let end = memchr::memmem::find_iter(rest, word).find(stands_alone).map(|at| at + word.len());
        self.at += end.unwrap_or(rest.len());
    }

    /// What follows.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.iter().take_while(|byte| is_blank(**byte)).count();
            if self.rest().first() != Some(&b'%') {
                return;
            }
            self.at += self.rest().iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
        }
    }

    fn value_within(&mut self, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        self.values = self.values.checked_sub(1)?;
        self.skip_blanks();
        match self.rest() {
            [b'<', b'<', ..] => self.dictionary(depth).map(Value::Dictionary),
            [b'<', ..] => self.hex_string(),
            [b'(', ..] => self.string(),
            [b'[', ..] => self.array(depth),
            [b'/', ..] => Some(Value::Name(self.name())),
            [b'+' | b'-' | b'.' | b'0'..=b'9', ..] => self.number(),
            rest => {
                let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()))?;
                self.at += word.len();
                Some(Value::Word(word))
            }
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<Dictionary> {
        self.at += 2;
        let mut entries = Vec::new();
        loop {
            self.skip_blanks();
            match self.rest() {
                [b'>', b'>', ..] => {
                    self.at += 2;
                    return Some(Dictionary(entries));
                }
                [b'/', ..] => {
                    let name = self.name();
                    entries.push((name, self.value_within(depth)?));
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut values = Vec::new();
        while !self.passes(b"]") {
            values.push(self.value_within(depth)?);
        }
        Some(Value::Array(values))
    }

    fn name(&mut self) -> String {
        self.at += 1;
        let length = self.rest().iter().take_while(|byte| !is_blank(**byte) && !is_delimiter(**byte)).count();
        let raw = &self.rest()[..length];
        self.at += length;
        let mut name = Vec::with_capacity(length);
        let mut rest = raw;
        while let [first, behind @ ..] = rest {
            // `#41` is an A.
            match behind {
                [high, low, behind @ ..] if *first == b'#' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    name.push(hex(*high) << 4 | hex(*low));
                    rest = behind;
                }
                _ => {
                    name.push(*first);
                    rest = behind;
                }
            }
        }
        String::from_utf8_lossy(&name).into_owned()
    }

    /// A number, or a reference, which begins with one.
    fn number(&mut self) -> Option<Value> {
        let number = self.plain_number()?;
        let here = self.at;
        if number >= 0.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX) {
            self.skip_blanks();
            if self.rest().first().is_some_and(u8::is_ascii_digit)
                && self.plain_number().is_some()
                && self.passes(b"R")
                && !self.rest().first().is_some_and(u8::is_ascii_alphanumeric)
            {
                return Some(Value::Reference(number as u32));
            }
        }
        self.at = here;
        Some(Value::Number(number))
    }

    fn plain_number(&mut self) -> Option<f64> {
        let digits = self.rest().iter().take_while(|byte| matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9')).count();
        let text = str::from_utf8(&self.rest()[..digits]).ok()?;
        self.at += digits;
        text.parse().ok()
    }

    fn hex_string(&mut self) -> Option<Value> {
        self.at += 1;
        let length = memchr::memchr(b'>', self.rest()).filter(|length| *length <= 2 * MAX_STRING)?;
        let digits: Vec<u8> = self.rest()[..length].iter().copied().filter(u8::is_ascii_hexdigit).collect();
        self.at += length + 1;
        let pair = |pair: &[u8]| hex(pair[0]) << 4 | pair.get(1).map_or(0, |low| hex(*low));
        Some(Value::String(digits.chunks(2).map(pair).collect()))
    }

    fn string(&mut self) -> Option<Value> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1;
        loop {
            let byte = *self.rest().first()?;
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Some(Value::String(text));
                    }
                }
                b'\\' => {
                    self.escape(&mut text)?;
                    continue;
                }
                _ if text.len() >= MAX_STRING => return None,
                _ => {}
            }
            text.push(byte);
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let byte = *self.rest().first()?;
        let octal = self.rest().iter().take(3).take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
        if octal > 0 {
            let value = self.rest()[..octal].iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            text.push(value as u8);
            self.at += octal;
            return Some(());
        }
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\n' => {}
            b'\r' => self.at += usize::from(self.rest().first() == Some(&b'\n')),
            other => text.push(other),
        }
        Some(())
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

pub(super) fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).unwrap_or_default() as u8
}

//! The content of one record of a workbook, which goes on in further records where it is too long for one.

/// What has not been read yet.
pub(super) struct Fragments<'b> {
    rest: &'b [u8],
    behind: std::vec::IntoIter<&'b [u8]>,
}

impl<'b> Fragments<'b> {
    pub(super) fn new(fragments: Vec<&'b [u8]>) -> Self {
        Self { rest: &[], behind: fragments.into_iter() }
    }

    /// Goes on to the next fragment, leaving the rest of this one.
    pub(super) fn next_fragment(&mut self) -> Option<()> {
        self.rest = self.behind.next()?;
        Some(())
    }

    /// A byte, from the next fragment that has one.
    pub(super) fn byte(&mut self) -> Option<u8> {
        loop {
            if let Some((first, rest)) = self.rest.split_first() {
                self.rest = rest;
                return Some(*first);
            }
            self.next_fragment()?;
        }
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from(self.u16()?) | u32::from(self.u16()?) << 16)
    }

    /// Passes `length` bytes.
    pub(super) fn skip(&mut self, mut length: usize) -> Option<()> {
        loop {
            if let Some(rest) = self.rest.get(length..) {
                self.rest = rest;
                return Some(());
            }
            length -= self.rest.len();
            self.next_fragment()?;
        }
    }

    /// The bytes of a text that has no more than a byte a letter, as far as they are there.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map_while(|_| self.byte()).collect()
    }

    /// `count` letters, as far as they are there: of two bytes, or of one that is the lower half of a unit. Every fragment
    /// they go on in says anew which of both (MS-XLS §2.5.293).
    pub(super) fn letters(&mut self, count: usize, mut width: Width) -> Vec<u16> {
        let mut letters = Vec::new();
        while letters.len() < count {
            let left = count - letters.len();
            let taken = (left * width.bytes()).min(self.rest.len() / width.bytes() * width.bytes());
            let (now, rest) = self.rest.split_at(taken);
            letters.extend(now.chunks_exact(width.bytes()).map(|letter| match letter {
                [low, high] => u16::from_le_bytes([*low, *high]),
                letter => u16::from(letter[0]),
            }));
            self.rest = rest;
            if letters.len() < count {
                if self.next_fragment().is_none() {
                    break;
                }
                width = self.width().unwrap_or(width);
            }
        }
        letters
    }

    /// The byte that says how letters are written, without what else it says.
    pub(super) fn width(&mut self) -> Option<Width> {
        Some(Width::told(self.byte()?))
    }
}

/// How a letter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    One,
    Two,
}

impl Width {
    /// By the flags in front of a text.
    pub(super) const fn told(flags: u8) -> Self {
        if flags & 1 == 0 { Self::One } else { Self::Two }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

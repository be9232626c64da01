//! Writing in blocks as large as a huge page.
//!
//! Linux keeps what is written in pages of the size it is written in, if the file system can: where whole blocks of 2 MiB
//! come, at multiples of 2 MiB, it maps the file in huge pages later. A search jumps all over a set, and nearly each of
//! its steps in small pages waits for the page tables too: at ten million hashes, a quarter of its time.

use std::io::{self, Read, Write};

/// Bytes of a huge page on x86-64 and AArch64.
const BLOCK: usize = 2 << 20;

/// Hands all that is written on to `out` in blocks, the last one as long as it is.
#[derive(Debug)]
pub struct BlockWriter<W> {
    out: W,
    block: Vec<u8>,
}

impl<W: Write> BlockWriter<W> {
    /// `out` must stand at a multiple of 2 MiB.
    pub fn new(out: W) -> Self {
        Self { out, block: Vec::with_capacity(BLOCK) }
    }

    /// Writes what is left, and gives `out` back.
    ///
    /// # Errors
    /// Writing fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.block)?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            if self.block.len() == BLOCK {
                self.out.write_all(&self.block)?;
                self.block.clear();
            }
            bytes = later;
        }
        Ok(())
    }
}

/// Copies all of `from` in blocks, to `to`, which must stand at a multiple of 2 MiB.
///
/// # Errors
/// Reading or writing fails.
pub fn copy_in_blocks(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        block.clear();
        from.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
        if block.is_empty() {
            return to.flush();
        }
        to.write_all(&block)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of what was written.
    #[derive(Default)]
    struct Lengths(Vec<usize>);

    impl Write for Lengths {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_comes_in_any_pieces_goes_on_in_blocks() {
        let mut writer = BlockWriter::new(Lengths::default());
        for piece in [1, BLOCK - 1, 5, 2 * BLOCK, 7] {
            writer.write_all(&vec![0; piece]).unwrap();
        }
        assert_eq!(writer.finish().unwrap().0, [BLOCK, BLOCK, BLOCK, 12]);

        let mut lengths = Lengths::default();
        copy_in_blocks(io::repeat(7).take(2 * BLOCK as u64 + 3), &mut lengths).unwrap();
        assert_eq!(lengths.0, [BLOCK, BLOCK, 3]);
    }
}

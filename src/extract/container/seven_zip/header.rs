//! The header of an archive: which streams there are, how they were packed, and which files are in them.
//!
//! Source: 7zFormat.txt of the LZMA SDK. Numbers are believed only as far as there are bytes for what they count.

/// Most coders of a folder; 7-Zip takes 32 as well.
const MAX_CODERS: usize = 32;

/// What a header says.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) streams: Streams,
    /// Names of the files that have content, in order.
    pub(super) names: Vec<String>,
    /// Those of folders and empty files.
    pub(super) empty_names: Vec<String>,
}

/// Packed streams and what they unpack to.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Where the first packed stream begins, behind the signature header.
    pub(super) position: u64,
    pub(super) packed_sizes: Vec<u64>,
    pub(super) folders: Vec<Folder>,
}

/// Coders that belong together, and the files that they give.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) coders: Vec<Coder>,
    /// Which input is fed by which output.
    pub(super) bonds: Vec<(u64, u64)>,
    /// Which inputs are packed streams.
    pub(super) packed: Vec<u64>,
    /// Bytes that each coder gives.
    pub(super) sizes: Vec<u64>,
    /// Size and checksum of each file.
    pub(super) files: Vec<(u64, Option<u32>)>,
    crc: Option<u32>,
}

/// One step of unpacking.
#[derive(Debug, Default)]
pub(super) struct Coder {
    pub(super) method: Vec<u8>,
    pub(super) inputs: u64,
    pub(super) properties: Vec<u8>,
}

/// A header, or the streams in which it is packed itself.
#[derive(Debug)]
pub(super) enum Either {
    Header(Header),
    Packed(Streams),
}

pub(super) fn read(bytes: &[u8]) -> Option<Either> {
    let mut reader = Reader(bytes);
    match reader.byte()? {
        0x01 => reader.header().map(Either::Header),
        0x17 => reader.streams().map(Either::Packed),
        _ => None,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    /// The bits set at the top of the first byte tell how many bytes follow.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let extra = first.leading_ones();
        let mut value = 0;
        for (place, byte) in self.take(u64::from(extra))?.iter().enumerate() {
            value |= u64::from(*byte) << (8 * place);
        }
        let high = if extra >= 7 { 0 } else { u64::from(first) & ((1 << (7 - extra)) - 1) };
        Some(value | high << (8 * extra).min(63))
    }

    /// A number of things that take at least one byte each, here or further on.
    fn count(&mut self) -> Option<usize> {
        let count = self.number()?;
        (count <= self.0.len() as u64).then_some(count as usize)
    }

    fn numbers(&mut self, count: usize) -> Option<Vec<u64>> {
        (0..count).map(|_| self.number()).collect()
    }

    fn bits(&mut self, count: usize) -> Option<Vec<bool>> {
        let bytes = self.take(count.div_ceil(8) as u64)?;
        Some((0..count).map(|at| bytes[at / 8] & (0x80 >> (at % 8)) != 0).collect())
    }

    /// Checksums, of which not all have to be there.
    fn checksums(&mut self, count: usize) -> Option<Vec<Option<u32>>> {
        let defined = if self.byte()? != 0 { vec![true; count] } else { self.bits(count)? };
        let mut checksum = |is_there: bool| {
            if is_there { Some(Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?))) } else { Some(None) }
        };
        defined.into_iter().map(&mut checksum).collect()
    }

    fn header(&mut self) -> Option<Header> {
        let mut header = Header::default();
        loop {
            match self.byte()? {
                0x00 => return Some(header),
                // Properties of the archive.
                0x02 => {
                    while self.byte()? != 0 {
                        let length = self.number()?;
                        self.take(length)?;
                    }
                }
                0x03 => drop(self.streams()?),
                0x04 => header.streams = self.streams()?,
                0x05 => (header.names, header.empty_names) = self.names()?,
                _ => return None,
            }
        }
    }

    fn streams(&mut self) -> Option<Streams> {
        let mut streams = Streams::default();
        let mut has_files = false;
        loop {
            match self.byte()? {
                0x00 => break,
                0x06 => self.packed_streams(&mut streams)?,
                0x07 => streams.folders = self.folders()?,
                0x08 => {
                    self.files(&mut streams.folders)?;
                    has_files = true;
                }
                _ => return None,
            }
        }
        for folder in streams.folders.iter_mut().filter(|_| !has_files) {
            folder.files = vec![(folder.size()?, folder.crc)];
        }
        Some(streams)
    }

    fn packed_streams(&mut self, streams: &mut Streams) -> Option<()> {
        streams.position = self.number()?;
        let count = self.count()?;
        loop {
            match self.byte()? {
                0x00 => return Some(()),
                0x09 => streams.packed_sizes = self.numbers(count)?,
                0x0a => drop(self.checksums(count)?),
                _ => return None,
            }
        }
    }

    fn folders(&mut self) -> Option<Vec<Folder>> {
        (self.byte()? == 0x0b).then_some(())?;
        let count = self.count()?;
        // Folders in a stream of their own are something that no writer makes.
        (self.byte()? == 0).then_some(())?;
        let mut folders: Vec<Folder> = (0..count).map(|_| self.folder()).collect::<Option<_>>()?;
        (self.byte()? == 0x0c).then_some(())?;
        for folder in &mut folders {
            folder.sizes = self.numbers(folder.coders.len())?;
        }
        loop {
            match self.byte()? {
                0x00 => return Some(folders),
                0x0a => {
                    for (folder, crc) in folders.iter_mut().zip(self.checksums(count)?) {
                        folder.crc = crc;
                    }
                }
                _ => return None,
            }
        }
    }

    fn folder(&mut self) -> Option<Folder> {
        let count = self.count().filter(|count| (1..=MAX_CODERS).contains(count))?;
        let coders: Vec<Coder> = (0..count).map(|_| self.coder()).collect::<Option<_>>()?;
        let inputs = coders.iter().map(|coder| coder.inputs).sum::<u64>();
        let bonds = (1..count).map(|_| Some((self.number()?, self.number()?))).collect::<Option<Vec<_>>>()?;
        let packed_count = inputs.checked_sub(bonds.len() as u64)?;
        let packed = if packed_count == 1 {
            let is_free = |input: &u64| bonds.iter().all(|(bound, _)| bound != input);
            vec![(0..inputs).find(is_free)?]
        } else {
            (0..packed_count).map(|_| self.number()).collect::<Option<_>>()?
        };
        Some(Folder { coders, bonds, packed, ..Folder::default() })
    }

    /// Coders with several outputs are something that no writer makes.
    fn coder(&mut self) -> Option<Coder> {
        let flags = self.byte()?;
        let method = self.take(u64::from(flags & 0x0f))?.to_vec();
        let (inputs, outputs) = if flags & 0x10 != 0 { (self.number()?, self.number()?) } else { (1, 1) };
        let properties = if flags & 0x20 != 0 {
            let length = self.number()?;
            self.take(length)?.to_vec()
        } else {
            Vec::new()
        };
        let is_known = outputs == 1 && inputs <= MAX_CODERS as u64 && flags & 0x80 == 0;
        is_known.then_some(Coder { method, inputs, properties })
    }

    /// How the content of folders is divided among files.
    fn files(&mut self, folders: &mut [Folder]) -> Option<()> {
        let mut counts = vec![1; folders.len()];
        let mut next = self.byte()?;
        if next == 0x0d {
            for count in &mut counts {
                *count = self.count()?;
            }
            next = self.byte()?;
        }
        for (folder, count) in folders.iter_mut().zip(&counts) {
            let Some(told) = count.checked_sub(1) else { continue };
            let sizes = if next == 0x09 { self.numbers(told)? } else { Vec::new() };
            let sum = sizes.iter().try_fold(0_u64, |sum, size| sum.checked_add(*size))?;
            let last = folder.size()?.checked_sub(sum)?;
            folder.files = sizes.into_iter().chain([last]).map(|size| (size, None)).collect();
        }
        if next == 0x09 {
            next = self.byte()?;
        }
        if next == 0x0a {
            self.file_checksums(folders)?;
            next = self.byte()?;
        }
        (next == 0).then_some(())
    }

    /// A folder of one file may have its checksum itself.
    fn file_checksums(&mut self, folders: &mut [Folder]) -> Option<()> {
        let needs = |folder: &&mut Folder| folder.files.len() != 1 || folder.crc.is_none();
        let count = folders.iter_mut().filter(needs).map(|folder| folder.files.len()).sum();
        let mut checksums = self.checksums(count)?.into_iter();
        for folder in folders {
            if let ([file], Some(crc)) = (&mut folder.files[..], folder.crc) {
                file.1 = Some(crc);
                continue;
            }
            for (file, crc) in folder.files.iter_mut().zip(&mut checksums) {
                file.1 = crc;
            }
        }
        Some(())
    }

    /// The names of the files that have content, and those of the others.
    fn names(&mut self) -> Option<(Vec<String>, Vec<String>)> {
        let count = self.number()?;
        let mut is_empty = Vec::new();
        let mut names = Vec::new();
        loop {
            let kind = self.byte()?;
            if kind == 0 {
                break;
            }
            let length = self.number()?;
            let mut property = Reader(self.take(length)?);
            match kind {
                0x0e => {
                    is_empty =
                        property.bits(usize::try_from(count).ok().filter(|count| *count / 8 <= length as usize)?)?
                }
                0x11 if property.byte()? == 0 => names = texts(property.0),
                _ => {}
            }
        }
        let mut is_empty = is_empty.into_iter();
        Some(names.into_iter().partition(|_| !is_empty.next().unwrap_or_default()))
    }
}

/// Texts in UTF-16, a zero behind each.
fn texts(bytes: &[u8]) -> Vec<String> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let mut texts: Vec<String> = units.split(|unit| *unit == 0).map(String::from_utf16_lossy).collect();
    texts.pop();
    texts
}

impl Folder {
    /// Bytes that all of it unpacks to: those of the coder whose output feeds no other.
    pub(super) fn size(&self) -> Option<u64> {
        self.sizes.get(self.last_coder()?).copied()
    }

    pub(super) fn last_coder(&self) -> Option<usize> {
        (0..self.coders.len()).find(|index| self.bonds.iter().all(|(_, output)| *output != *index as u64))
    }
}

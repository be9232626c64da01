//! What the proxy and a worker say to each other over two pipes.
//!
//! A worker says [`Hello`] once. Then, for each [`Request`], the worker reads all of it before it answers, so that
//! neither waits for the other to read; the answer is any number of pictures and one last word. Numbers are
//! little-endian. Both sides are the same binary, so there is no version.
//!
//! The proxy takes a worker for taken over by whoever made the file: every length is checked against the limits before
//! memory is taken for it, and no text of a worker is passed on but in printable ASCII of bounded length.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use super::bounds::{UNSUPPORTED, check_size, rgba_length};
use super::hello::{Confinement, Hello, Library, Renderer};
use crate::content::DecodeLimits;
use crate::media::{DecodeError, ForeignFormat, ForeignPicture};

/// What a hello begins with.
const MAGIC: [u8; 4] = *b"PNSW";

/// Bytes of a hello.
const HELLO: usize = 14;

/// Bytes of a request before those of the file.
const REQUEST: usize = 41;

/// Bytes of a worker's text that are read.
const MAX_MESSAGE: usize = 200;

/// Kinds of what an answer consists of.
mod tag {
    pub(super) const END: u8 = 0;
    pub(super) const PICTURE: u8 = 1;
    pub(super) const TOO_LARGE: u8 = 2;
    pub(super) const BROKEN: u8 = 3;
    pub(super) const UNSUPPORTED: u8 = 4;
    pub(super) const PANICKED: u8 = 5;
    pub(super) const TOO_MANY: u8 = 6;
    pub(super) const PAGES: u8 = 7;
}

/// A file to be decoded.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) format: ForeignFormat,
    pub(super) limits: DecodeLimits,
    pub(super) file: Vec<u8>,
}

/// What became of the pages of a document that show more than letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pages {
    pub(super) rendered: u32,
    /// The renderer says no more.
    pub(super) failed: u32,
    /// They took longer than there was time.
    pub(super) late: u32,
    /// There was no time for them, or they were too many. Those that were not looked at are among them.
    pub(super) left_out: u32,
}

pub(super) fn write_hello(output: &mut impl Write, hello: &Hello) -> io::Result<()> {
    let (library, version) = match hello.library {
        Library::NotInstalled => (0, [0; 3]),
        Library::TooOld => (1, [0; 3]),
        Library::Loaded { version } => (2, version),
    };
    let Confinement { seccomp, landlock, limits } = hello.confinement;
    output.write_all(&MAGIC)?;
    output.write_all(&[library])?;
    output.write_all(&version)?;
    output.write_all(&[hello.heic, hello.avif, seccomp, limits].map(u8::from))?;
    let renderer = match hello.renderer {
        Renderer::NotAsked => 0,
        Renderer::NotInstalled => 1,
        Renderer::TooOld => 2,
        Renderer::Loaded => 3,
    };
    output.write_all(&[landlock, renderer])?;
    output.flush()
}

/// # Errors
/// [`ErrorKind::InvalidData`] for what is no hello, and those of `input`.
pub(super) fn read_hello(input: &mut impl Read) -> io::Result<Hello> {
    let bytes: [u8; HELLO] = read_array(input)?;
    let Some(&[library, major, minor, patch, heic, avif, seccomp, limits, landlock, renderer]) =
        bytes.strip_prefix(&MAGIC).and_then(|rest| rest.first_chunk())
    else {
        return Err(invalid("no hello"));
    };
    let library = match library {
        0 => Library::NotInstalled,
        1 => Library::TooOld,
        2 => Library::Loaded { version: [major, minor, patch] },
        _ => return Err(invalid("unknown library")),
    };
    let renderer = match renderer {
        0 => Renderer::NotAsked,
        1 => Renderer::NotInstalled,
        2 => Renderer::TooOld,
        3 => Renderer::Loaded,
        _ => return Err(invalid("unknown renderer")),
    };
    let confinement = Confinement { seccomp: seccomp == 1, limits: limits == 1, landlock };
    Ok(Hello { library, renderer, heic: heic == 1, avif: avif == 1, confinement })
}

pub(super) fn write_request(
    output: &mut impl Write,
    format: ForeignFormat,
    limits: &DecodeLimits,
    file: &[u8],
) -> io::Result<()> {
    let mut header = Vec::with_capacity(REQUEST);
    header.push(match format {
        ForeignFormat::Heic => 0,
        ForeignFormat::Avif => 1,
        ForeignFormat::Jpeg2000 => 2,
        ForeignFormat::Svg => 3,
        ForeignFormat::Pdf => 4,
    });
    header.extend(limits.max_side.to_le_bytes());
    header.extend(limits.max_pixels.to_le_bytes());
    header.extend(limits.max_alloc.to_le_bytes());
    header.extend(u32::try_from(limits.max_frames).unwrap_or(u32::MAX).to_le_bytes());
    let work = u64::try_from(limits.deadline.as_micros()).unwrap_or(u64::MAX);
    header.extend(work.to_le_bytes());
    header.extend((file.len() as u64).to_le_bytes());
    output.write_all(&header)?;
    output.write_all(file)?;
    output.flush()
}

/// The next request; `None` when there is none, because the proxy is gone or needs this worker no more.
///
/// # Errors
/// [`ErrorKind::InvalidData`] for what is no request, or a file of more than `max_file` bytes; those of `input`.
pub(super) fn read_request(input: &mut impl Read, max_file: u64) -> io::Result<Option<Request>> {
    let format = match read_array(input) {
        Ok([0]) => ForeignFormat::Heic,
        Ok([1]) => ForeignFormat::Avif,
        Ok([2]) => ForeignFormat::Jpeg2000,
        Ok([3]) => ForeignFormat::Svg,
        Ok([4]) => ForeignFormat::Pdf,
        Ok(_) => return Err(invalid("unknown format")),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let limits = DecodeLimits {
        max_side: read_u32(input)?,
        max_pixels: read_u64(input)?,
        max_alloc: read_u64(input)?,
        max_frames: read_u32(input)? as usize,
        deadline: Duration::from_micros(read_u64(input)?),
        ..DecodeLimits::default()
    };
    let length = read_u64(input)?;
    if length > max_file {
        return Err(invalid("a file that is too long"));
    }
    let mut file = vec![0; usize::try_from(length).map_err(|_| invalid("a file that is too long"))?];
    input.read_exact(&mut file)?;
    Ok(Some(Request { format, limits, file }))
}

/// `rows` are four bytes a pixel, of a picture of this size.
pub(super) fn write_picture<'a>(
    output: &mut impl Write,
    (width, height): (u32, u32),
    mut rows: impl Iterator<Item = &'a [u8]>,
) -> io::Result<()> {
    output.write_all(&[tag::PICTURE])?;
    output.write_all(&width.to_le_bytes())?;
    output.write_all(&height.to_le_bytes())?;
    rows.try_for_each(|row| output.write_all(row))
}

/// What became of the pages of a document.
pub(super) fn write_pages(output: &mut impl Write, pages: &Pages) -> io::Result<()> {
    let Pages { rendered, failed, late, left_out } = *pages;
    output.write_all(&[tag::PAGES])?;
    [rendered, failed, late, left_out].iter().try_for_each(|count| output.write_all(&count.to_le_bytes()))
}

/// The last word of an answer.
pub(super) fn write_end(output: &mut impl Write, result: &Result<(), DecodeError>) -> io::Result<()> {
    match result {
        Ok(()) => output.write_all(&[tag::END])?,
        Err(DecodeError::TooLarge { width, height }) => {
            output.write_all(&[tag::TOO_LARGE])?;
            output.write_all(&width.to_le_bytes())?;
            output.write_all(&height.to_le_bytes())?;
        }
        Err(DecodeError::Panicked) => output.write_all(&[tag::PANICKED])?,
        Err(DecodeError::TooManyPictures) => output.write_all(&[tag::TOO_MANY])?,
        Err(DecodeError::Unsupported(_)) => output.write_all(&[tag::UNSUPPORTED])?,
        Err(other) => {
            let text = match other {
                DecodeError::Broken(message) => message.clone(),
                other => other.to_string(),
            };
            let text = &text.as_bytes()[..text.len().min(MAX_MESSAGE)];
            output.write_all(&[tag::BROKEN, text.len() as u8])?;
            output.write_all(text)?;
        }
    }
    output.flush()
}

/// A worker's answer to a request with these limits, the pictures of which go to `visit`, and what it says of pages to
/// `pages`.
///
/// # Errors
/// [`ErrorKind::InvalidData`] for what no honest worker says, and those of `input`.
pub(super) fn read_answer(
    input: &mut impl Read,
    limits: &DecodeLimits,
    pages: &mut Pages,
    visit: &mut dyn FnMut(ForeignPicture),
) -> io::Result<Result<(), DecodeError>> {
    let mut pictures = 0;
    loop {
        let [kind] = read_array(input)?;
        match kind {
            tag::PICTURE if pictures < limits.max_frames.max(1) => {
                visit(read_picture(input, limits)?);
                pictures += 1;
            }
            tag::PAGES if *pages == Pages::default() => {
                let [rendered, failed, late, left_out] =
                    [read_u32(input)?, read_u32(input)?, read_u32(input)?, read_u32(input)?];
                *pages = Pages { rendered, failed, late, left_out };
            }
            tag::END if pictures > 0 => return Ok(Ok(())),
            tag::TOO_LARGE => {
                let (width, height) = (read_u32(input)?, read_u32(input)?);
                return Ok(Err(DecodeError::TooLarge { width, height }));
            }
            tag::BROKEN => return Ok(Err(DecodeError::Broken(read_message(input)?))),
            tag::PANICKED => return Ok(Err(DecodeError::Panicked)),
            tag::TOO_MANY => return Ok(Err(DecodeError::TooManyPictures)),
            tag::UNSUPPORTED => return Ok(Err(DecodeError::Unsupported(UNSUPPORTED))),
            _ => return Err(invalid("an answer of no known kind")),
        }
    }
}

fn read_picture(input: &mut impl Read, limits: &DecodeLimits) -> io::Result<ForeignPicture> {
    let (width, height) = (read_u32(input)?, read_u32(input)?);
    check_size(width, height, limits).map_err(|_| invalid("a picture over the limits"))?;
    let length = usize::try_from(rgba_length(width, height)).map_err(|_| invalid("a picture over the limits"))?;
    let mut rgba = vec![0; length];
    input.read_exact(&mut rgba)?;
    Ok(ForeignPicture { width, height, rgba })
}

fn read_message(input: &mut impl Read) -> io::Result<String> {
    let [length] = read_array(input)?;
    let mut text = vec![0; usize::from(length).min(MAX_MESSAGE)];
    input.read_exact(&mut text)?;
    Ok(text.into_iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(byte) } else { '?' }).collect())
}

fn read_array<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_u32(input: &mut impl Read) -> io::Result<u32> {
    read_array(input).map(u32::from_le_bytes)
}

fn read_u64(input: &mut impl Read) -> io::Result<u64> {
    read_array(input).map(u64::from_le_bytes)
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> DecodeLimits {
        DecodeLimits { max_side: 100, max_pixels: 50, max_alloc: 400, max_frames: 2, ..DecodeLimits::default() }
    }

    fn read(mut answer: &[u8]) -> (Vec<ForeignPicture>, io::Result<Result<(), DecodeError>>) {
        let mut pictures = Vec::new();
        let answer = read_answer(&mut answer, &limits(), &mut Pages::default(), &mut |picture| pictures.push(picture));
        (pictures, answer)
    }

    #[test]
    fn what_one_side_writes_the_other_reads() {
        let confinement = Confinement { seccomp: true, landlock: 6, limits: true };
        let loaded = Library::Loaded { version: [1, 15, 1] };
        for library in [Library::NotInstalled, Library::TooOld, loaded] {
            let hello = Hello { library, renderer: Renderer::Loaded, heic: true, avif: false, confinement };
            let mut bytes = Vec::new();
            write_hello(&mut bytes, &hello).unwrap();
            assert_eq!(bytes.len(), HELLO);
            assert_eq!(read_hello(&mut bytes.as_slice()).unwrap(), hello);
        }

        let mut bytes = Vec::new();
        write_request(&mut bytes, ForeignFormat::Avif, &limits(), b"file").unwrap();
        assert_eq!(bytes.len(), REQUEST + 4);
        let request = read_request(&mut bytes.as_slice(), 4).unwrap().unwrap();
        assert_eq!((request.format, request.limits, request.file), (ForeignFormat::Avif, limits(), b"file".to_vec()));
        assert!(read_request(&mut [].as_slice(), 4).unwrap().is_none());

        let mut bytes = Vec::new();
        write_picture(&mut bytes, (2, 1), [b"rgbaRGBA".as_slice()].into_iter()).unwrap();
        write_end(&mut bytes, &Ok(())).unwrap();
        let (pictures, answer) = read(&bytes);
        answer.unwrap().unwrap();
        assert_eq!(pictures, [ForeignPicture { width: 2, height: 1, rgba: b"rgbaRGBA".to_vec() }]);

        for error in [
            DecodeError::TooLarge { width: 7, height: 8 },
            DecodeError::Broken("torn".into()),
            DecodeError::Unsupported(UNSUPPORTED),
            DecodeError::Panicked,
        ] {
            let mut bytes = Vec::new();
            write_end(&mut bytes, &Err(error.clone())).unwrap();
            assert_eq!(read(&bytes).1.unwrap(), Err(error));
        }
    }

    #[test]
    fn a_worker_that_lies_is_not_believed() {
        let picture = |width: u32, height: u32| {
            let mut bytes = vec![tag::PICTURE];
            bytes.extend(width.to_le_bytes());
            bytes.extend(height.to_le_bytes());
            bytes.extend(vec![0; rgba_length(width, height).min(1 << 10) as usize]);
            bytes
        };
        for (what, bytes) in [
            ("nothing decoded", vec![tag::END]),
            ("no pixels", picture(0, 3)),
            ("too wide", picture(101, 0)),
            ("too many pixels", picture(10, 6)),
            ("sides whose product overflows", picture(u32::MAX, u32::MAX)),
            ("too many pictures", [picture(1, 1), picture(1, 1), picture(1, 1)].concat()),
            ("an unknown kind", vec![9]),
        ] {
            let error = read(&bytes).1.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{what}");
        }
        let text = [vec![tag::BROKEN, 255], vec![0x1B; 255]].concat();
        let broken = DecodeError::Broken("?".repeat(MAX_MESSAGE));
        assert_eq!(read(&text).1.unwrap(), Err(broken), "no control characters");
        assert_eq!(read(&picture(5, 5)[..20]).1.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_request_over_the_limit_takes_no_memory() {
        let mut bytes = Vec::new();
        write_request(&mut bytes, ForeignFormat::Heic, &limits(), b"").unwrap();
        bytes[REQUEST - 8..].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(read_request(&mut bytes.as_slice(), 1 << 20).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

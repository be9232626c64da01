//! The worker itself: what runs in the child.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use super::drawing;
use super::drawn::Drawn;
use super::hello::{Hello, Renderer};
use super::jpeg2000;
use super::libheif::{self, Libheif, OpenError};
use super::pdfium::{self, Pdfium};
use super::protocol::{Pages, Request, read_request, write_end, write_hello, write_pages, write_picture};
use super::sandbox::{self, Rations};
use crate::content::DecodeLimits;
use crate::media::{DecodeError, ForeignFormat};

/// Bytes of an answer that are written at once.
const BUFFER: usize = 64 << 10;

/// What a worker is there for. Each library is loaded only where files for it come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Pictures and drawings, some by libheif.
    Pictures,
    /// Pages of documents, by pdfium.
    Documents {
        /// The file that pdfium is. `None`: the one that the system's linker finds.
        pdfium: Option<PathBuf>,
    },
}

/// Loads libheif or pdfium, gives up nearly every right, says hello, and decodes what comes in until no more does.
///
/// # Errors
/// The proxy speaks in another way than it should, or is gone.
pub fn serve(role: &Role, rations: &Rations) -> io::Result<()> {
    sandbox::close_inherited();
    // Not `io::stdout()`, which looks for line ends in all that it writes.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = BufWriter::with_capacity(BUFFER, File::from(io::stdout().as_fd().try_clone_to_owned()?));
    let (library, pdfium) = match role {
        Role::Pictures => (Libheif::open(), None),
        Role::Documents { pdfium } => (Err(OpenError::NotInstalled), Some(Pdfium::open(pdfium.as_deref()))),
    };
    let hello = Hello::of(&library, Renderer::of(pdfium.as_ref()), sandbox::confine(rations));
    let pdfium = pdfium.and_then(Result::ok);
    write_hello(&mut output, &hello)?;
    while let Some(mut request) = read_request(&mut input, rations.max_alloc)? {
        let decoded = match (request.format, hello.lacks(request.format), &library) {
            (ForeignFormat::Jpeg2000, None, _) => decode_in_rust(jpeg2000::decode, &request, &mut output),
            (ForeignFormat::Svg, None, _) => decode_in_rust(drawing::draw, &request, &mut output),
            (ForeignFormat::Heic | ForeignFormat::Avif, None, Ok(library)) => {
                decode(library, &mut request, &mut output)
            }
            (ForeignFormat::Pdf, None, _) => match &pdfium {
                Some(pdfium) => render(pdfium, &request, &mut output),
                None => Err(Failure::Decode(DecodeError::Unavailable(request.format, ""))),
            },
            (format, why, _) => Err(Failure::Decode(DecodeError::Unavailable(format, why.unwrap_or_default()))),
        };
        match decoded {
            Ok(()) => write_end(&mut output, &Ok(()))?,
            Err(Failure::Decode(error)) => write_end(&mut output, &Err(error))?,
            Err(Failure::Pipe(error)) => return Err(error),
        }
    }
    Ok(())
}

enum Failure {
    Decode(DecodeError),
    Pipe(io::Error),
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

fn decode(library: &Libheif, request: &mut Request, output: &mut impl Write) -> Result<(), Failure> {
    libheif::decode(library, &mut request.file, &request.limits, |picture| {
        write_picture(output, picture.size(), picture.rows()).map_err(Failure::Pipe)
    })
}

/// Decodes with a decoder that hands each picture to a sink. Its panic, as it is written in Rust, is an answer like any
/// other and costs no process.
fn decode_in_rust<D>(decode: D, request: &Request, output: &mut impl Write) -> Result<(), Failure>
where
    D: FnOnce(&[u8], &DecodeLimits, &mut dyn FnMut(&Drawn) -> Result<(), Failure>) -> Result<(), Failure>,
{
    let mut sink = |picture: &Drawn| write_picture(output, picture.size, picture.rows()).map_err(Failure::Pipe);
    let decode = || decode(&request.file, &request.limits, &mut sink);
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(Failure::Decode(DecodeError::Panicked)))
}

/// Renders a document. Each picture goes out at once: should one page end this process, the others were seen.
fn render(library: &Pdfium, request: &Request, output: &mut impl Write) -> Result<(), Failure> {
    let mut pages = Pages::default();
    let mut sink = |picture: &Drawn| {
        write_picture(output, picture.size, picture.rows()).and_then(|()| output.flush()).map_err(Failure::Pipe)
    };
    let rendered = pdfium::render(library, &request.file, &request.limits, &mut pages, &mut sink);
    write_pages(output, &pages).map_err(Failure::Pipe)?;
    rendered
}

/// Something that a worker must not be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// Opening a file that everybody may read.
    File,
    /// Making a socket.
    Socket,
}

/// Gives up every right as [`serve`] does, then tries what is forbidden.
///
/// # Errors
/// It was refused, which is well. Where the filter of system calls does its work, this may not return at all.
pub fn attempt(forbidden: Forbidden, rations: &Rations) -> io::Result<()> {
    sandbox::close_inherited();
    sandbox::confine(rations);
    match forbidden {
        Forbidden::File => File::open("/proc/self/status").map(drop),
        Forbidden::Socket => std::net::UdpSocket::bind("127.0.0.1:0").map(drop),
    }
}

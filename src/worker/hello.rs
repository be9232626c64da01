//! What a worker can do, as it says itself when it starts.

use std::fmt;

use super::libheif::{Libheif, OpenError};
use super::pdfium::Pdfium;
use crate::media::ForeignFormat;

pub use super::sandbox::Confinement;

/// Why a worker decodes nothing where it would not be confined.
const UNCONFINED: &str = "the worker cannot be confined on this system";

/// libheif, as a worker found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// The system's linker does not find it.
    NotInstalled,
    /// It lacks functions that are needed.
    TooOld,
    /// It is there.
    Loaded {
        /// Major, minor and patch.
        version: [u8; 3],
    },
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => f.write_str("libheif is not installed"),
            Self::TooOld => f.write_str("libheif is too old"),
            Self::Loaded { version: [major, minor, patch] } => write!(f, "libheif {major}.{minor}.{patch}"),
        }
    }
}

/// pdfium, as a worker found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renderer {
    /// The worker is none for documents, and did not look for it.
    NotAsked,
    /// It is not where it should be, or cannot be loaded.
    NotInstalled,
    /// It lacks functions that are needed.
    TooOld,
    /// It is there.
    Loaded,
}

impl Renderer {
    pub(super) fn of(opened: Option<&Result<Pdfium, OpenError>>) -> Self {
        match opened {
            None => Self::NotAsked,
            Some(Ok(_)) => Self::Loaded,
            Some(Err(OpenError::NotInstalled)) => Self::NotInstalled,
            Some(Err(OpenError::TooOld)) => Self::TooOld,
        }
    }

    /// Whether a worker that found it so can do what it is there for.
    pub(super) const fn is_of_use(self) -> bool {
        matches!(self, Self::NotAsked | Self::Loaded)
    }

    /// Why it renders nothing.
    const fn lack(self) -> Option<&'static str> {
        match self {
            Self::NotAsked => Some("the worker is for pictures"),
            Self::NotInstalled => Some("pdfium is not installed"),
            Self::TooOld => Some("pdfium is too old"),
            Self::Loaded => None,
        }
    }
}

/// What a worker says when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The library that decodes.
    pub library: Library,
    /// The library that renders documents.
    pub renderer: Renderer,
    /// Whether it decodes HEIC.
    pub heic: bool,
    /// Whether it decodes AVIF.
    pub avif: bool,
    /// What keeps it from doing anything else.
    pub confinement: Confinement,
}

impl Hello {
    /// What is true of a process with this library and confinement. One that is not confined offers nothing.
    pub(super) fn of(library: &Result<Libheif, OpenError>, renderer: Renderer, confinement: Confinement) -> Self {
        let offers = |format| confinement.seccomp && library.as_ref().is_ok_and(|library| library.decodes(format));
        Self {
            library: match library {
                Ok(library) => Library::Loaded { version: library.version() },
                Err(OpenError::NotInstalled) => Library::NotInstalled,
                Err(OpenError::TooOld) => Library::TooOld,
            },
            renderer,
            heic: offers(ForeignFormat::Heic),
            avif: offers(ForeignFormat::Avif),
            confinement,
        }
    }

    /// Why `format` is not decoded, in plain words; `None` when it is.
    pub fn lacks(&self, format: ForeignFormat) -> Option<&'static str> {
        let offered = match format {
            ForeignFormat::Heic => self.heic,
            ForeignFormat::Avif => self.avif,
            // Their decoders are part of this program.
            ForeignFormat::Jpeg2000 | ForeignFormat::Svg | ForeignFormat::Pdf if !self.confinement.seccomp => {
                return Some(UNCONFINED);
            }
            ForeignFormat::Jpeg2000 | ForeignFormat::Svg => true,
            ForeignFormat::Pdf => return self.renderer.lack(),
        };
        if offered {
            return None;
        }
        Some(match self.library {
            Library::NotInstalled => "libheif is not installed",
            Library::TooOld => "libheif is too old",
            Library::Loaded { .. } if !self.confinement.seccomp => UNCONFINED,
            Library::Loaded { .. } => "libheif is installed without a decoder for it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_decoded_has_a_reason_in_plain_words() {
        let confined = Confinement { seccomp: true, landlock: 0, limits: true };
        let renderer = Renderer::NotInstalled;
        let hello = |library, heic, confinement| Hello { library, renderer, heic, avif: false, confinement };
        let loaded = Library::Loaded { version: [1, 15, 1] };
        let open = Confinement { seccomp: false, ..confined };
        for (hello, heic, avif) in [
            (hello(loaded, true, confined), None, Some("libheif is installed without a decoder for it")),
            (
                hello(Library::NotInstalled, false, confined),
                Some("libheif is not installed"),
                Some("libheif is not installed"),
            ),
            (hello(Library::TooOld, false, confined), Some("libheif is too old"), Some("libheif is too old")),
            (
                hello(loaded, false, open),
                Some("the worker cannot be confined on this system"),
                Some("the worker cannot be confined on this system"),
            ),
        ] {
            assert_eq!((hello.lacks(ForeignFormat::Heic), hello.lacks(ForeignFormat::Avif)), (heic, avif));
            let unconfined = (!hello.confinement.seccomp).then_some(UNCONFINED);
            assert_eq!(hello.lacks(ForeignFormat::Jpeg2000), unconfined, "it needs no library");
            assert_eq!(hello.lacks(ForeignFormat::Pdf), unconfined.or(Some("pdfium is not installed")));
        }
    }
}

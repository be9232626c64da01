//! The pictures: the vectors with what both references make of them, and generated ones.

use std::fs;
use std::path::{Path, PathBuf};

use penstock::content::PdqHash;
use serde::Deserialize;

/// A picture to hash.
pub(crate) struct Picture {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    /// Of a JPEG.
    pub(crate) frame: Option<Frame>,
    /// What the Python and the C++ reference say, of a vector.
    pub(crate) references: Option<[PdqHash; 2]>,
}

impl Picture {
    fn new(path: PathBuf, references: Option<[PdqHash; 2]>) -> Self {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, frame: Frame::of(&bytes), bytes, references }
    }

    /// A picture that the peer has written.
    pub(crate) fn generated(path: PathBuf) -> Self {
        Self::new(path, None)
    }
}

/// What the frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) is_progressive: bool,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: u8,
}

impl Frame {
    fn of(jpeg: &[u8]) -> Option<Self> {
        let mut rest = jpeg.get(2..)?;
        while let [0xff, marker, high, low, segment @ ..] = rest {
            if let (0xc0..=0xc2, [_, h1, h0, w1, w0, components, ..]) = (marker, segment) {
                let (width, height) = (u16::from_be_bytes([*w1, *w0]).into(), u16::from_be_bytes([*h1, *h0]).into());
                return Some(Self { is_progressive: *marker == 0xc2, width, height, components: *components });
            }
            rest = rest.get(2 + usize::from(u16::from_be_bytes([*high, *low]))..)?;
        }
        None
    }

    /// CMYK has no luma plane.
    pub(crate) fn has_luma(self) -> bool {
        self.components < 4
    }

    pub(crate) fn pixels(self) -> usize {
        self.width * self.height
    }
}

/// The pictures of `../shared/vectors/pdq`; none where there is no such folder.
pub(crate) fn vectors() -> Vec<Picture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/pdq");
    let Ok(reference) = fs::read(folder.join("reference.json")) else {
        return Vec::new();
    };
    let reference: Reference = serde_json::from_slice(&reference).expect("reference.json is in order");
    reference.images.into_iter().map(|image| image.picture(&folder)).collect()
}

#[derive(Deserialize)]
struct Reference {
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    file: String,
    pdqhash_python: Hash,
    pdq_photo_hasher_cpp: Hash,
}

#[derive(Deserialize)]
struct Hash {
    hash: String,
}

impl Image {
    fn picture(self, folder: &Path) -> Picture {
        let references = [self.pdqhash_python, self.pdq_photo_hasher_cpp].map(|of| pdq_from(&of.hash));
        Picture::new(folder.join(self.file), Some(references))
    }
}

/// The hash that `text` is in hexadecimal.
pub(crate) fn pdq_from(text: &str) -> PdqHash {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).expect("a hash is hexadecimal");
    PdqHash(bytes.try_into().expect("a hash has 32 bytes"))
}

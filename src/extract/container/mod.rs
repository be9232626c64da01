//! Containers: files that hold other files, told by their bytes; only mail is also told by what it is called.

mod ar;
mod cipher;
mod compressed;
mod cpio;
mod foreign;
mod mail;
mod metafile;
mod ole;
mod pdf;
mod seven_zip;
mod tar;
#[cfg(test)]
mod testing;
mod volume;
pub(super) mod zip;

use crate::body::Coding;
use crate::content::{Metafile, Part, PartKind};

use super::ProblemCode;
use super::dissection::Dissection;

/// A kind of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// One compressed file, or several behind each other.
    Compressed(Coding),
    /// An archive of 7-Zip.
    SevenZip,
    /// A tar file.
    Tar,
    /// An archive of `ar`, such as a package of Debian.
    Ar,
    /// An archive of cpio.
    Cpio,
    /// A package of RPM, which has an archive of cpio in it.
    Rpm,
    /// An archive that nothing here opens.
    Foreign,
    /// A compound file: a document of Office before 2007, a mail of Outlook.
    Compound,
    /// A drawing of Windows.
    Metafile(Metafile),
    /// A PDF file.
    Pdf,
    /// A zip file, or a format built on it.
    Zip,
    /// A mail, or a mailbox.
    Mail,
}

/// How much of a part has been looked at by opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Coverage {
    /// There may be more in it.
    Some,
    /// Every byte that is not packed, each entry by itself.
    Entries,
    /// Every byte that is not packed, also as an archive that has its directory at the end.
    All,
}

impl Container {
    /// The containers that `part` is, of which unpackers may take any.
    pub(super) fn all_of(part: &Part) -> Vec<Self> {
        let bytes = &part.bytes[..];
        let compressed = compressed::coding(bytes).map(Self::Compressed);
        let seven_zip = seven_zip::is_seven_zip(bytes).then_some(Self::SevenZip);
        let tar = tar::is_tar(bytes).then_some(Self::Tar);
        let compound = ole::is_compound(bytes).then_some(Self::Compound);
        let metafile = Metafile::of(bytes).map(Self::Metafile);
        let pdf = pdf::is_pdf(bytes).then_some(Self::Pdf);
        let zip = zip::is_zip(bytes).then_some(Self::Zip);
        let mail = mail::is_mail(part).then_some(Self::Mail);
        let others = [
            (ar::is_ar(bytes), Self::Ar),
            (cpio::is_cpio(bytes), Self::Cpio),
            (cpio::is_rpm(bytes), Self::Rpm),
            (foreign::is_foreign(bytes), Self::Foreign),
        ];
        let others = others.into_iter().filter_map(|(is_one, container)| is_one.then_some(container));
        [compressed, seven_zip, tar, compound, metafile, pdf, zip, mail].into_iter().flatten().chain(others).collect()
    }

    /// Hands out what is in it.
    pub(super) fn open(self, part: &Part, found: &mut Dissection<'_>) -> Coverage {
        match self {
            Self::Compressed(coding) => compressed::open(coding, &part.bytes, found),
            Self::SevenZip => seven_zip::open(&part.bytes, found),
            Self::Tar => tar::open(&part.bytes, found),
            Self::Ar => ar::open(&part.bytes, found),
            Self::Cpio => cpio::open(&part.bytes, found),
            Self::Rpm => cpio::open_rpm(&part.bytes, found),
            Self::Foreign => {
                found.report(ProblemCode::ContainerMethodUnknown, None);
                Coverage::Some
            }
            Self::Compound => ole::open(&part.bytes, found),
            Self::Metafile(format) => metafile::open(format, &part.bytes, found),
            Self::Pdf => pdf::open(&part.bytes, found),
            // Where a reading begins in the middle of an archive, what is missing is nowhere in it.
            Self::Zip if part.kind == PartKind::Reading && !zip::starts_as_zip(&part.bytes) => {
                let mut coverage = Coverage::Some;
                found.guess(|found| coverage = zip::open(&part.bytes, found));
                coverage
            }
            Self::Zip => zip::open(&part.bytes, found),
            Self::Mail => mail::open(&part.bytes, found),
        }
    }
}

//! Containers: files that hold other files, told by their bytes; only mail is also told by what it is called.

mod ar;
mod cab;
mod cipher;
pub(super) mod cms;
pub(super) mod compressed;
mod cpio;
mod eps;
mod foreign;
pub(super) mod git_pack;
mod id3;
mod iso;
mod mail;
mod metafile;
pub(super) mod ole;
pub(super) mod openpgp;
mod pdf;
pub(super) mod rar;
mod seven_zip;
mod sqlite;
mod tar;
#[cfg(test)]
mod testing;
mod tnef;
pub(super) mod uuencode;
mod volume;
mod woff;
mod xar;
pub(super) mod zip;

use bytes::Bytes;

use crate::body::Coding;
use crate::content::{Metafile, Part, PartKind};

use super::ProblemCode;
use super::dissection::Dissection;

pub(super) use compressed::open_bare;

/// What is between `start` and `end` in `bytes`, as far as it is there.
fn within(bytes: &Bytes, start: usize, end: usize) -> Bytes {
    let start = start.min(bytes.len());
    bytes.slice(start..end.clamp(start, bytes.len()))
}

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
    /// An archive of RAR.
    Rar,
    /// A cabinet of Windows.
    Cabinet,
    /// An archive of xar.
    Xar,
    /// An image of a CD or DVD.
    Iso,
    /// What Outlook puts around mails.
    Tnef,
    /// A database of SQLite.
    Sqlite,
    /// A pack of git.
    GitPack,
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
    /// What is signed or encrypted by CMS.
    Cms,
    /// A message of OpenPGP.
    OpenPgp,
    /// A tag in front of sound.
    Id3,
    /// A drawing in PostScript with a preview.
    Eps,
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
        let compressed = compressed::coding(bytes).or_else(|| compressed::is_iwa(part).then_some(Coding::Snappy));
        let compressed = compressed.map(Self::Compressed);
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
            (rar::is_rar(bytes), Self::Rar),
            (cab::is_cabinet(bytes), Self::Cabinet),
            (xar::is_xar(bytes), Self::Xar),
            (iso::is_iso(bytes), Self::Iso),
            (tnef::is_tnef(bytes), Self::Tnef),
            (sqlite::is_database(bytes), Self::Sqlite),
            (git_pack::is_pack(bytes), Self::GitPack),
            (cms::is_cms(bytes), Self::Cms),
            (openpgp::is_message(bytes), Self::OpenPgp),
            (id3::is_tag(bytes), Self::Id3),
            (eps::is_eps(bytes), Self::Eps),
            // An image of a disc that also starts from a stick has a table of partitions.
            (!iso::is_iso(bytes) && (foreign::is_foreign(bytes) || iso::is_udf_alone(bytes)), Self::Foreign),
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
            Self::Rar => rar::open(&part.bytes, found),
            Self::Cabinet => cab::open(&part.bytes, found),
            Self::Xar => xar::open(&part.bytes, found),
            Self::Iso => iso::open(&part.bytes, found),
            Self::Tnef => tnef::open(&part.bytes, found),
            Self::Sqlite => sqlite::open(&part.bytes, found),
            Self::GitPack => git_pack::open(&part.bytes, found),
            Self::Foreign => {
                found.report(ProblemCode::ContainerUnsupported, None);
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
            Self::Cms => cms::open(&part.bytes, found),
            Self::OpenPgp => openpgp::open(&part.bytes, found),
            Self::Id3 => id3::open(&part.bytes, found),
            Self::Eps => eps::open(&part.bytes, found),
        }
    }

    /// Whether all that is in such a file comes out of it. Of others, chance may have made the beginning, or it is all
    /// that is opened.
    pub(super) const fn is_all_of_file(self) -> bool {
        !matches!(self, Self::Cms | Self::OpenPgp | Self::Id3 | Self::Eps)
    }
}

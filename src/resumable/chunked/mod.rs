//! Chunks that fields of a form, parameters of a URL, members of a JSON object or headers tell apart.
//!
//! One row a library. What none of them writes, but anybody might, has a row of its own that knows the usual names in
//! any spelling. A request may be a piece in more than one way: each is a claim, since it is not known which one the
//! origin goes by.
//!
//! Sources: what each library sends, by its own source: dropzone 6, resumable.js 1.1, flow.js 2.14, simple-uploader.js
//! 0.6, plupload 2, fine-uploader 5.16, ng-file-upload 12, Kendo UI, DevExtreme, Syncfusion, Sling's and AEM's
//! `SlingPostServlet`, JupyterLab's contents API.

use super::claim::{Claim, Contradiction, Naming, Place, plain_name, plain_number};

/// Longest value that says something about a chunk.
const MAX_VALUE: usize = 512;

/// Ways in which one request may be a piece.
const MAX_CLAIMS: usize = 4;

/// Names and values: of fields, parameters, members and headers.
pub type Named = [(String, String)];

/// What an upload is called that does not say so by itself.
#[derive(Clone, Copy, Debug)]
pub struct Unnamed<'a> {
    /// The name of the file, or where the request goes.
    pub name: &'a str,
    /// Which of the two.
    pub naming: Naming,
}

/// The number of the first chunk.
#[derive(Clone, Copy)]
enum First {
    /// This one, as nobody else uses the names of the library.
    Is(u64),
    /// This one at the library, which says its id of the upload too, and 0 or 1 at others that use the same names.
    IsOften(u64),
}

/// What a library calls things; "" for what it does not say.
struct Library {
    first: First,
    index: &'static str,
    count: &'static str,
    chunk_size: &'static str,
    offset: &'static str,
    total: &'static str,
    upload: &'static str,
}

const fn library(
    first: First,
    [index, count, chunk_size]: [&'static str; 3],
    [offset, total, upload]: [&'static str; 3],
) -> Library {
    Library { first, index, count, chunk_size, offset, total, upload }
}

const LIBRARIES: &[Library] = &[
    // Dropzone.
    library(
        First::Is(0),
        ["dzchunkindex", "dztotalchunkcount", "dzchunksize"],
        ["dzchunkbyteoffset", "dztotalfilesize", "dzuuid"],
    ),
    // Resumable.js and Flow.js.
    library(
        First::Is(1),
        ["resumableChunkNumber", "resumableTotalChunks", "resumableChunkSize"],
        ["", "resumableTotalSize", "resumableIdentifier"],
    ),
    library(
        First::Is(1),
        ["flowChunkNumber", "flowTotalChunks", "flowChunkSize"],
        ["", "flowTotalSize", "flowIdentifier"],
    ),
    // simple-uploader.js.
    library(First::IsOften(1), ["chunkNumber", "totalChunks", "chunkSize"], ["", "totalSize", "identifier"]),
    // Plupload, WebUploader.
    library(First::IsOften(0), ["chunk", "chunks", ""], ["", "", "name"]),
    // Fine Uploader.
    library(First::Is(0), ["qqpartindex", "qqtotalparts", ""], ["qqpartbyteoffset", "qqtotalfilesize", "qquuid"]),
    // ng-file-upload.
    library(First::Is(0), ["_chunkNumber", "", "_chunkSize"], ["", "_totalSize", ""]),
    // Kendo UI, in a field `metadata`; DevExtreme, in `chunkMetadata`.
    library(First::IsOften(0), ["chunkIndex", "totalChunks", ""], ["", "totalFileSize", "uploadUid"]),
    library(First::Is(0), ["Index", "TotalCount", ""], ["", "FileSize", "FileGuid"]),
    // Syncfusion.
    library(First::IsOften(0), ["chunk-index", "total-chunk", ""], ["", "", ""]),
];

/// Names of others, in lower case and without marks between words.
const INDEXES: [&str; 11] = [
    "chunkindex",
    "chunknumber",
    "chunkno",
    "chunknum",
    "chunk",
    "currentchunk",
    "currentchunkindex",
    "currentchunknumber",
    "partindex",
    "blockindex",
    "sliceindex",
];
const COUNTS: [&str; 13] = [
    "totalchunks",
    "chunkstotal",
    "chunktotal",
    "chunkcount",
    "totalchunkcount",
    "chunkscount",
    "chunks",
    "numchunks",
    "numberofchunks",
    "totalchunk",
    "totalparts",
    "partcount",
    "slicecount",
];
const OFFSETS: [&str; 8] = [
    "chunkoffset",
    "chunkbyteoffset",
    "byteoffset",
    "partbyteoffset",
    "chunkstart",
    "startbyte",
    "rangestart",
    "offset",
];
const TOTALS: [&str; 7] =
    ["totalsize", "filesize", "totalfilesize", "totalbytes", "filelength", "totallength", "uploadlength"];
const CHUNK_SIZES: [&str; 2] = ["chunksize", "partsize"];
const UPLOADS: [&str; 20] = [
    "uploadid",
    "identifier",
    "fileidentifier",
    "fileid",
    "uploaduuid",
    "uuid",
    "guid",
    "fileguid",
    "uid",
    "fileuid",
    "uploaduid",
    "uniqueid",
    "fileuuid",
    "filehash",
    "filemd5",
    "hash",
    "md5",
    "filename",
    "originalname",
    "name",
];

/// The ways in which a request that says `named` is a piece. What it does not call its upload, `unnamed` does.
///
/// # Errors
/// [`Contradiction`]: something about the piece is said in two ways, or not in a number.
pub fn chunk_claims(named: &Named, unnamed: Unnamed<'_>) -> Result<Vec<Claim>, Contradiction> {
    let named: Vec<(&str, &str)> = named
        .iter()
        .filter(|(_, value)| value.len() <= MAX_VALUE)
        .map(|(name, value)| (innermost(name), value.trim()))
        .collect();
    let mut claims = Vec::new();
    let mut read: Vec<&str> = Vec::new();
    for library in LIBRARIES {
        if let Some(claim) = library.read(&named, unnamed)? {
            claims.push(claim);
            read.extend([library.index, library.count, library.offset, library.total]);
        }
    }
    claims.extend(of_jupyter(&named, unnamed)?);
    claims.extend(of_sling(&named, unnamed)?);
    let others: Vec<(&str, &str)> =
        named.iter().filter(|(name, _)| !read.iter().any(|one| one.eq_ignore_ascii_case(name))).copied().collect();
    let has_own = claims.iter().any(|claim: &Claim| claim.is_last || claim.restarts);
    if !has_own {
        claims.extend(of_others(&others, &named, unnamed)?);
    }
    if claims.len() > MAX_CLAIMS { Err(Contradiction) } else { Ok(claims) }
}

/// Whether a question whether the origin has a chunk is in `named`, as Resumable.js, Flow.js and simple-uploader.js ask
/// it before they send one.
pub fn is_probe(named: &Named) -> bool {
    let has = |wanted: &str| named.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let asks = |library: &Library| matches!(library.first, First::Is(1) | First::IsOften(1));
    LIBRARIES.iter().any(|library| asks(library) && has(library.index) && has(library.upload))
}

/// `chunk` of `upload[chunk]`, as PHP and Rails nest names, and of `upload.chunk`, as Spring does; `chunk` of `chunk[]`
/// and `chunk[0]`, of which many take the only value. PHP drops blanks before a name and what follows a NUL.
fn innermost(name: &str) -> &str {
    let mut name = name.split('\0').next().unwrap_or_default().trim_start();
    while let Some((before, inside)) = name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
        let is_list = inside.bytes().all(|byte| byte.is_ascii_digit());
        if !is_list {
            return inside;
        }
        if before.is_empty() {
            break;
        }
        name = before;
    }
    name.rsplit('.').next().filter(|last| !last.is_empty()).unwrap_or(name)
}

/// A name as everybody may have meant it: the innermost one, without what separates its words.
pub fn plain_form(name: &str) -> String {
    plain(innermost(name))
}

/// The one value of what `is_it` names; several that are the same are one.
fn value<'v>(named: &[(&str, &'v str)], is_it: impl Fn(&str) -> bool) -> Result<Option<&'v str>, Contradiction> {
    let mut values = named.iter().filter(|(name, _)| is_it(name)).map(|(_, value)| *value);
    let Some(first) = values.next() else { return Ok(None) };
    if values.all(|other| other == first) { Ok(Some(first)) } else { Err(Contradiction) }
}

fn number(text: &str) -> Result<u64, Contradiction> {
    plain_number(text).ok_or(Contradiction)
}

impl Library {
    fn read(&self, named: &[(&str, &str)], unnamed: Unnamed<'_>) -> Result<Option<Claim>, Contradiction> {
        let text = |wanted: &str| match wanted {
            "" => Ok(None),
            wanted => value(named, |name| name.eq_ignore_ascii_case(wanted)),
        };
        let raw = [self.index, self.count, self.offset, self.total, self.chunk_size].map(text);
        let [index, count, offset, total, chunk_size] = raw;
        let (index, count, offset, total, chunk_size) = (index?, count?, offset?, total?, chunk_size?);
        let says_more = count.or(offset).or(total).or(chunk_size).is_some();
        let is_chunk = index.is_some() && says_more && (self.index != "Index" || text(self.upload)?.is_some());
        if !is_chunk {
            return Ok(None);
        }
        let numbers = [index, count, offset, total, chunk_size].map(|text| text.map(number).transpose());
        if self.is_common_word() && numbers.iter().any(Result::is_err) {
            return of_common_words([index, count]);
        }
        let [index, count, offset, total, chunk_size] = numbers;
        let (index, offset) = (index?, offset?);
        let (index, before, first) = match self.first {
            First::Is(first) => {
                let before = index.map(|index| index.checked_sub(first).ok_or(Contradiction)).transpose()?;
                (before, before, Some(0))
            }
            First::IsOften(first) => {
                let before = index.and_then(|index| index.checked_sub(first));
                let is_its_own = self.upload != "name" && text(self.upload)?.is_some() && before.is_some();
                (index, before, is_its_own.then_some(first))
            }
        };
        let chunk_size = chunk_size?.filter(|size| *size > 0);
        let offset = offset.or(before.zip(chunk_size).and_then(|(before, size)| before.checked_mul(size)));
        let (upload, naming) = match text(self.upload)?.filter(|upload| !upload.is_empty()) {
            Some(upload) => (upload, if self.upload == "name" { Naming::Name } else { Naming::Id }),
            None => (unnamed.name, unnamed.naming),
        };
        let (upload, place) = (upload.to_owned(), Place { index, offset });
        Ok(Some(Claim { upload, naming, place, first, count: count?, total: total?, ..Claim::default() }))
    }

    /// Whether other forms may have fields of these names.
    fn is_common_word(&self) -> bool {
        matches!(self.index, "chunk" | "Index")
    }
}

/// Fields of these names that have no numbers are no chunk, unless some server finds a number in them.
fn of_common_words(texts: [Option<&str>; 2]) -> Result<Option<Claim>, Contradiction> {
    let has_number = |text: &str| text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_numeric());
    if texts.into_iter().flatten().all(has_number) && texts[0].is_some() && texts[1].is_some() {
        return Err(Contradiction);
    }
    Ok(None)
}

/// JupyterLab: `chunk` 1, 2, … and -1 for the last, beside `type`, `format` and `content`; the first one begins anew.
/// The URL names the file.
fn of_jupyter(named: &[(&str, &str)], unnamed: Unnamed<'_>) -> Result<Option<Claim>, Contradiction> {
    let has = |wanted: &str| named.iter().any(|(name, _)| *name == wanted);
    let Some(chunk) = value(named, |name| name == "chunk")?.filter(|_| has("format") && has("type") && !has("chunks"))
    else {
        return Ok(None);
    };
    let upload = unnamed.name.to_owned();
    if chunk == "-1" {
        let place = Place { index: Some(u64::MAX), offset: None };
        return Ok(Some(Claim { upload, place, is_last: true, ..Claim::default() }));
    }
    let index = number(chunk)?.checked_sub(1).ok_or(Contradiction)?;
    let place = Place { index: Some(index), offset: None };
    Ok(Some(Claim { upload, place, restarts: index == 0, ..Claim::default() }))
}

/// Sling and AEM: `FILE@Offset` beside `FILE@Length` or `FILE@Completed`.
fn of_sling(named: &[(&str, &str)], unnamed: Unnamed<'_>) -> Result<Option<Claim>, Contradiction> {
    let Some(offset) = value(named, |name| name.ends_with("@Offset"))? else {
        return Ok(None);
    };
    let total = value(named, |name| name.ends_with("@Length"))?.map(number).transpose()?;
    let is_last = value(named, |name| name.ends_with("@Completed"))?.is_some_and(|done| done != "false");
    let place = Place { index: None, offset: Some(number(offset)?) };
    let (upload, naming) = (unnamed.name.to_owned(), unnamed.naming);
    Ok(Some(Claim { upload, naming, place, total, is_last, ..Claim::default() }))
}

/// A name without what separates its words, and without what headers begin with.
fn plain(name: &str) -> String {
    let lower: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let lower = lower.strip_prefix("uploader").unwrap_or(&lower);
    let is_header = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"));
    if is_header { lower.strip_prefix('x').unwrap_or(lower).to_owned() } else { lower.to_owned() }
}

/// What anybody may write: a number beside how many there are, or where a chunk begins beside how long the whole is.
fn of_others(
    others: &[(&str, &str)],
    all: &[(&str, &str)],
    unnamed: Unnamed<'_>,
) -> Result<Option<Claim>, Contradiction> {
    let one_of = |named: &[(&str, &str)], names: &[&str]| {
        let found = names.iter().find_map(|wanted| named.iter().find(|(name, _)| plain(name) == *wanted));
        found.map(|(name, _)| plain(name))
    };
    let get = |names: &[&str]| match one_of(others, names) {
        Some(wanted) => value(others, |name| plain(name) == wanted),
        None => Ok(None),
    };
    let (index, count, offset, total) = (get(&INDEXES)?, get(&COUNTS)?, get(&OFFSETS)?, get(&TOTALS)?);
    // Where in a film or a list something begins is no piece of a file.
    let is_of_bytes = one_of(others, &OFFSETS).is_none_or(|name| name != "offset" && name != "rangestart")
        || one_of(others, &TOTALS).is_some_and(|name| name.starts_with("total") || name == "uploadlength");
    let offset = offset.filter(|_| index.is_some() || is_of_bytes);
    let is_by_number = index.is_some() && (count.is_some() || total.is_some() || offset.is_some());
    if !(is_by_number || offset.is_some() && total.is_some()) {
        return Ok(None);
    }
    let numbers = [index, count, offset, total].map(|text| text.map(number).transpose());
    if numbers.iter().any(Result::is_err) {
        return of_common_words([index.or(offset), count.or(total)]);
    }
    let [index, count, offset, total] = numbers;
    let is_sized = get(&CHUNK_SIZES)?.is_some();
    let (index, count, offset, total) = (index?, count?, offset?, total?);
    if index.is_none() && !is_sized && count.is_none() && offset == Some(0) && total == Some(0) {
        return Ok(None);
    }
    let called = one_of(all, &UPLOADS).and_then(|wanted| {
        let value = all.iter().find(|(name, value)| plain(name) == wanted && !plain_name(value).is_empty())?.1;
        Some((value, if wanted.ends_with("name") { Naming::Name } else { Naming::Id }))
    });
    let (upload, naming) = called.unwrap_or((unnamed.name, unnamed.naming));
    let (upload, place) = (upload.to_owned(), Place { index, offset });
    Ok(Some(Claim { upload, naming, place, count, total, ..Claim::default() }))
}

#[cfg(test)]
mod tests;

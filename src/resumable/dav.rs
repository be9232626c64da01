//! Chunked uploads of Nextcloud and ownCloud: a folder of numbered files below `/dav/uploads/`, which a `MOVE` of its
//! `.file` puts together.
//!
//! Source: Nextcloud developer manual, "Chunked file upload", versions 1 and 2. The server joins the files of the
//! folder in the natural order of their names (`AssemblyStream`).

use http::{HeaderMap, Method};

use super::claim::{Claim, Contradiction, Place, plain_number};
use crate::extract::percent;

/// What a request has to do with such a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DavRequest {
    /// Makes the folder.
    Create(Folder),
    /// Puts a piece into it.
    Piece(Claim),
    /// Has the server put the pieces together, under the name in `Destination`.
    Assemble(Folder),
    /// Removes the folder.
    Forget(Folder),
    /// Removes a single piece.
    Remove(Claim),
    /// Moves or copies a single piece, or moves something among the pieces: what the folder has is not known then.
    Meddle,
}

/// A folder of pieces, by the path that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(pub String);

/// Segments before the name of a user and that of a folder.
const UPLOADS: [&str; 2] = ["dav", "uploads"];

/// What a request to `path` asks for; `None` when it is about no such folder.
///
/// # Errors
/// [`Contradiction`]: a piece has a name that is no number, so that it is not clear where it belongs.
pub fn read_dav(method: &Method, path: &str, headers: &HeaderMap) -> Result<Option<DavRequest>, Contradiction> {
    let goes_to = headers.get("destination").and_then(|to| to.to_str().ok()).and_then(place_of);
    let Some((folder, name)) = place_of(path) else {
        return Ok(goes_to.map(|_| DavRequest::Meddle));
    };
    if goes_to.is_some() && matches!(method.as_str(), "MOVE" | "COPY") {
        return Ok(Some(DavRequest::Meddle));
    }
    let folder = Folder(folder);
    Ok(match (method.as_str(), name.as_deref()) {
        ("MKCOL", None) => Some(DavRequest::Create(folder)),
        ("PUT", Some(name)) => Some(DavRequest::Piece(piece(&folder, name)?)),
        ("MOVE" | "COPY", Some(".file")) => Some(DavRequest::Assemble(folder)),
        ("DELETE", None) => Some(DavRequest::Forget(folder)),
        ("DELETE", Some(name)) if name != ".file" => Some(DavRequest::Remove(piece(&folder, name)?)),
        ("MOVE" | "COPY" | "DELETE" | "PATCH" | "MKCOL" | "POST", _) => Some(DavRequest::Meddle),
        _ => None,
    })
}

/// The folder that a path or URL leads into, and what it names there.
fn place_of(url: &str) -> Option<(String, Option<String>)> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = String::from_utf8(percent::undo(path.as_bytes(), b'%', None)).ok()?;
    // The server drops empty segments.
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let at = segments.windows(2).position(|pair| pair == UPLOADS)? + 2;
    let (user, folder) = (segments.get(at)?, segments.get(at + 1)?);
    let name = segments.get(at + 2).map(|name| (*name).to_owned());
    Some((format!("/dav/uploads/{user}/{folder}"), name))
}

/// A piece called by its number, padded or not, or in version 1 by the range of bytes that it is.
///
/// `OC-Total-Length` is not believed: whatever is in the folder becomes part of the file.
fn piece(folder: &Folder, name: &str) -> Result<Claim, Contradiction> {
    let first = match name.split_once('-') {
        Some((first, last)) if plain_number(last).is_some() => first,
        Some(_) => return Err(Contradiction),
        None => name,
    };
    let index = plain_number(first).ok_or(Contradiction)?;
    let place = Place { index: Some(index), offset: (first != name).then_some(index) };
    Ok(Claim { upload: folder.0.clone(), place, ..Claim::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_about_a_folder_of_pieces_are_told_from_others() {
        let folder = || Folder("/dav/uploads/ann/web-7".into());
        let file = "http://site.test/remote.php/dav/files/ann/a.jpg";
        for (method, path, destination, expected) in [
            ("MKCOL", "/remote.php/dav/uploads/ann/web-7", file, Some(DavRequest::Create(folder()))),
            ("MOVE", "/remote.php/dav/uploads/ann/web%2D7/.file", file, Some(DavRequest::Assemble(folder()))),
            ("MOVE", "//remote.php/dav//uploads//ann/web-7//.file", file, Some(DavRequest::Assemble(folder()))),
            ("DELETE", "/remote.php/dav/uploads/ann/web-7/", "", Some(DavRequest::Forget(folder()))),
            ("MOVE", "/remote.php/dav/uploads/ann/web-7/00001", file, Some(DavRequest::Meddle)),
            ("COPY", "/remote.php/dav/files/ann/a", "/dav/uploads/ann/web-7/1", Some(DavRequest::Meddle)),
            ("PUT", "/remote.php/dav/files/ann/a.jpg", "", None),
            ("PROPFIND", "/remote.php/dav/uploads/ann/web-7", "", None),
        ] {
            let mut headers = HeaderMap::new();
            if !destination.is_empty() {
                headers.insert("destination", destination.parse().unwrap());
            }
            let read = read_dav(&method.parse().unwrap(), path, &headers);
            assert_eq!(read, Ok(expected), "{method} {path}");
        }
        for (name, expected) in [
            ("00002", Some((2, None))),
            ("2", Some((2, None))),
            ("000500-000999", Some((500, Some(500)))),
            ("a", None),
            ("1-x", None),
        ] {
            let path = format!("/remote.php/dav/uploads/ann/web-7/{name}");
            let claim = expected.map(|(index, offset)| Claim {
                upload: folder().0,
                place: Place { index: Some(index), offset },
                ..Claim::default()
            });
            let read = |method| read_dav(&method, &path, &HeaderMap::new()).ok().flatten();
            assert_eq!(read(Method::PUT), claim.clone().map(DavRequest::Piece), "{name}");
            assert_eq!(read(Method::DELETE), claim.map(DavRequest::Remove), "{name}");
        }
    }
}

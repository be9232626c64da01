//! Real clients of npm and PyPI: honest files arrive as they are, and a listed picture does not, whatever they cut it
//! into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use memchr::memmem;

use super::{honest_length, knowing, listed, opaque};
use crate::differential::install;
use crate::support::origin::{Origin, Seen};
use crate::support::penstock::Penstock;
use crate::support::pieces::{S3, Tus};
use crate::support::{repository, wait_until};

/// What `library` of npm is answered when it uploads `file` in pieces of `size`, in Node.
fn drive(modules: &Path, library: &str, penstock: &Penstock, target: &str, file: &Path, size: usize) -> Vec<u16> {
    let url = format!("http://{}{target}", penstock.address);
    let mut node = Command::new("node");
    node.arg(repository("tests/support/chunkers.js")).args([library, &url]).arg(file).arg(size.to_string());
    let output = node.env("NODE_PATH", modules).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let failure = String::from_utf8_lossy(&output.stderr).into_owned();
    text.split_whitespace()
        .map(|status| status.parse().unwrap_or_else(|_| panic!("{library}: {text} {failure}")))
        .collect()
}

/// Whether the files in forms, or the bodies, put together where they belong, are `file`.
fn arrived(requests: &[Seen], file: &[u8]) -> bool {
    let mut pieces: Vec<(usize, &[u8])> = Vec::new();
    for seen in requests.iter().filter(|seen| seen.method != "GET") {
        let is_form = seen.headers.get("content-type").is_some_and(|value| value.starts_with("multipart/"));
        let piece = if is_form { file_of_form(&seen.body) } else { &seen.body[..] };
        let at = piece.get(..16).and_then(|start| memmem::find(file, start));
        let Some(at) = at else { return false };
        pieces.push((at, piece));
    }
    pieces.sort_unstable_by_key(|(at, _)| *at);
    pieces.iter().flat_map(|(_, piece)| piece.iter()).eq(file)
}

/// The last part of a form.
fn file_of_form(body: &[u8]) -> &[u8] {
    let end = memmem::rfind(&body[..body.len() - 4], b"\r\n--").unwrap();
    let name = memmem::rfind(body, b"filename=\"").unwrap();
    let start = name + memmem::find(&body[name..], b"\r\n\r\n").unwrap() + 4;
    &body[start..end]
}

const IN_FORMS: [&str; 7] =
    ["resumable.js", "flow.js", "flow.js, octet", "simple-uploader.js", "Dropzone", "Fine Uploader", "plupload"];

#[test]
fn libraries_of_npm_upload_honest_files_and_no_listed_ones() {
    let Some(installed) = install() else { return };
    let modules = installed.join("node_modules");
    // Fine Uploader asks for it.
    let success = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"success\":true}";
    let origin = Origin::answering(|_| Some(success.to_owned()));
    let (listed, file) = (listed(), opaque(honest_length(), 11));
    let penstock = knowing(&origin, "");
    for (number, library) in IN_FORMS.into_iter().enumerate() {
        // Some ask whether a file of this name and size is there already.
        let (honest, evil) = (format!("honest{number}.bin"), format!("listed{number}.png"));
        penstock.write(&honest, &file);
        penstock.write(&evil, &listed);
        let before = origin.requests().len();
        let target = "/upload/chunk";
        let statuses = drive(&modules, library, &penstock, target, &penstock.path(&honest), file.len().div_ceil(7));
        assert!(statuses.len() >= 7 && statuses.iter().all(|status| *status < 300), "{library}: {statuses:?}");
        assert!(arrived(&origin.requests()[before..], &file), "{library}");
        let size = listed.len() / 4;
        let statuses = drive(&modules, library, &penstock, target, &penstock.path(&evil), size);
        assert!(statuses.contains(&451), "{library}: {statuses:?}");
    }
}

/// A server of FilePond with one upload after the other.
#[derive(Clone, Default)]
struct Pond(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pond {
    fn start(&self) -> Origin {
        let pond = self.clone();
        Origin::answering(move |request| Some(pond.serve(request)))
    }

    fn serve(&self, request: &Seen) -> String {
        let mut files = self.0.lock().unwrap();
        let body = match request.method.as_str() {
            "POST" => {
                files.push(Vec::new());
                format!("id-of-file-{}", files.len())
            }
            _ => {
                files.last_mut().unwrap().extend(&request.body);
                String::new()
            }
        };
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }
}

#[test]
fn filepond_and_tus_js_client_upload_honest_files_and_no_listed_ones() {
    let Some(installed) = install() else { return };
    let modules = installed.join("node_modules");
    let (tus, pond, listed, file) = (Tus::naming_paths(), Pond::default(), listed(), opaque(honest_length(), 12));
    let has = |file: &[u8]| tus.complete().iter().chain(pond.0.lock().unwrap().iter()).any(|other| other == file);
    for (library, origin, target) in
        [("tus-js-client", tus.start(), "/upload/files"), ("FilePond", pond.start(), "/upload/process")]
    {
        let penstock = knowing(&origin, "");
        penstock.write("large.bin", &file);
        penstock.write("listed.png", &listed);
        let statuses = drive(&modules, library, &penstock, target, &penstock.path("large.bin"), file.len().div_ceil(7));
        assert!(statuses.len() >= 8 && statuses.iter().all(|status| *status < 300), "{library}: {statuses:?}");
        assert!(has(&file), "{library}");
        let size = listed.len() / 4;
        let statuses = drive(&modules, library, &penstock, target, &penstock.path("listed.png"), size);
        assert!(statuses.contains(&451) && !has(&listed), "{library}: {statuses:?}");
        tus.clear();
        pond.0.lock().unwrap().clear();
    }
}

/// A cloud that keeps pieces by their path and joins those of a folder, and answers what clients ask about it.
#[derive(Clone, Default)]
struct Cloud(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Cloud {
    fn start(&self) -> Origin {
        let cloud = self.clone();
        Origin::answering(move |request| Some(cloud.serve(request)))
    }

    fn file(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get("a.png").cloned()
    }

    fn serve(&self, request: &Seen) -> String {
        let mut files = self.0.lock().unwrap();
        let path = request.target.split('?').next().unwrap().to_owned();
        let mut body = String::new();
        match request.method.as_str() {
            "GET" if path.contains("/ocs/") => {
                body =
                    "{\"ocs\":{\"meta\":{\"status\":\"ok\",\"statuscode\":200},\"data\":{\"id\":\"ann\"}}}".to_owned();
            }
            "PUT" => drop(files.insert(path, request.body.clone())),
            "MOVE" => {
                let folder = path.trim_end_matches(".file").to_owned();
                let mut pieces: Vec<_> = files.iter().filter(|(name, _)| name.starts_with(&folder)).collect();
                pieces.sort_by_key(|(name, _)| (name.len(), *name));
                let whole: Vec<u8> = pieces.into_iter().flat_map(|(_, piece)| piece.clone()).collect();
                files.insert("a.png".into(), whole);
            }
            "DELETE" => files.retain(|name, _| !name.starts_with(&path)),
            _ => {}
        }
        let marks = "OC-FileId: 00000001oc\r\nOC-ETag: \"x\"\r\nETag: \"x\"\r\nContent-Type: application/json\r\n";
        format!("HTTP/1.1 201 Created\r\n{marks}Content-Length: {}\r\n\r\n{body}", body.len())
    }
}

/// What `client` of PyPI says when it uploads `file` in pieces of `size`.
fn run(python: &Path, client: &str, penstock: &Penstock, path: &str, file: &str, size: usize) -> String {
    let url = format!("http://{}{path}", penstock.address);
    let mut command = Command::new(python);
    command.arg(repository("tests/support/clients.py")).args([client, &url]);
    let output = command.arg(penstock.path(file)).arg(size.to_string()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn python() -> Option<PathBuf> {
    install().map(|installed| installed.join("venv/bin/python"))
}

#[test]
fn clients_of_pypi_upload_honest_files_and_no_listed_ones() {
    let Some(python) = python() else { return };
    let (listed, file) = (listed(), opaque(honest_length(), 13));
    let (cloud, tus, s3) = (Cloud::default(), Tus::naming_paths(), S3::default());
    let has = |file: &[u8]| {
        let object = s3.object("/upload/bucket/a.png");
        cloud.file().iter().chain(&object).chain(&tus.complete()).any(|other| other == file)
    };
    for (client, origin, path) in
        [("nextcloud", cloud.start(), "/upload"), ("tus", tus.start(), "/upload/files"), ("s3", s3.start(), "/upload")]
    {
        let penstock = knowing(&origin, "");
        penstock.write("large.bin", &file);
        penstock.write("listed.png", &listed);
        assert_eq!(run(&python, client, &penstock, path, "large.bin", file.len().div_ceil(7)), "done", "{client}");
        assert!(has(&file), "{client}");
        let said = run(&python, client, &penstock, path, "listed.png", listed.len() / 4);
        assert!(said.starts_with("failed") && !has(&listed), "{client}: {said}");
        let blocked = "penstock_verdicts_total{route=\"uploads\",verdict=\"block\",if_enforced=\"block\"}";
        wait_until("it was blocked", || penstock.metric(blocked) >= 1.0);
    }
}

#[test]
fn pieces_that_clients_of_pypi_have_a_server_put_together_elsewhere_are_judged_by_policy() {
    let Some(python) = python() else { return };
    let cloud = Cloud::default();
    let origin = cloud.start();
    let penstock = knowing(&origin, "");
    penstock.write("large.bin", &opaque(honest_length(), 14));
    let said = run(&python, "swift", &penstock, "/upload", "large.bin", honest_length() / 3);
    assert!(said.starts_with("failed") && said.contains("400"), "{said}");
    // Old chunks of ownCloud go on one by one.
    penstock.write("listed.png", &listed());
    let said = run(&python, "owncloud", &penstock, "/upload", "large.bin", honest_length().div_ceil(7));
    assert_eq!(said, "done");
    let before = origin.requests().len();
    run(&python, "owncloud", &penstock, "/upload", "listed.png", listed().len() / 4);
    assert!(origin.requests().len() - before < 5, "the last piece never got there");
}

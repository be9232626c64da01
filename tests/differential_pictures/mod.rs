//! Real programs that show pictures, behind a real Penstock: whatever gets through silently, none of them shows the
//! listed picture.
//!
//! `machine` draws pictures, writes them in every format with structures that are unusual, and sends them. Files that
//! are neither blocked nor inconclusive go to Pillow and libvips, and to ImageMagick and Chromium where these are
//! installed; what they show goes through Penstock as PNG. If that is blocked, the file was a way around it. Where
//! pdfium is installed, there are documents in PDF among them, which poppler and MuPDF show.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::machine::{PATIENT, install, machine, telling_origin};
use crate::support::origin::Origin;
use crate::support::penstock::{Penstock, Setup};
use crate::support::pictures::pdq;
use crate::support::{pdfium, repository};

/// A Penstock that has the listed pictures in two sets: one for uploads, and a nearer one for what programs show of
/// them, since what is at the limit falls on either side of it by rounding.
fn start(origin: &Origin, python: &Path, pdfium: Option<&Path>) -> Penstock {
    let listed = TempDir::new().unwrap();
    let script = repository("tests/differential_pictures/machine/listed.py");
    assert!(Command::new(python).arg(script).arg(listed.path()).status().unwrap().success(), "pictures are drawn");
    let mut list = "algorithm,hash,id\n".to_owned();
    for file in fs::read_dir(listed.path()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        list += &format!("pdq,{},{name}\n", pdq(&fs::read(&path).unwrap()));
    }
    let route = |name: &str| format!("[[route]]\nname = \"{name}\"\npath = \"/{name}/**\"\ninspect = \"enforce\"\n");
    let set = |name: &str, distance: u32| {
        format!(
            "[[hash_set]]\nname = \"{name}\"\npath = \"listed.csv\"\nmax_distance = {{ pdq = {distance} }}\n\
             enforce_routes = [\"{name}\"]\nflood_breaker = {{ enabled = false }}\n"
        )
    };
    let server = pdfium.map(|pdfium| format!("pdfium = \"{}\"", pdfium.display())).unwrap_or_default();
    Setup::new(&[origin.address])
        .with_server(&server)
        .with_limits(PATIENT)
        .with_file("listed.csv", list.as_bytes())
        .with(&route("upload"))
        .with(&route("near"))
        .with(&set("upload", 31))
        .with(&set("near", 23))
        .start()
}

#[test]
fn no_program_shows_a_listed_picture_that_was_let_through() {
    let what = "programs that show pictures behind Penstock";
    let Some(folder) = install("differential_pictures", what) else { return };
    let python = folder.join("venv/bin/python");
    let origin = telling_origin();
    let pdfium = pdfium("documents behind Penstock");
    let penstock = start(&origin, &python, pdfium.as_deref());
    let mut command = machine("differential_pictures", &folder, penstock.address, "PENSTOCK_PICTURES_N");
    if pdfium.is_some() {
        command.env("PENSTOCK_PICTURES_DOCUMENTS", "1");
    }
    assert!(command.status().unwrap().success(), "some program shows what was let through: see BYPASS above");
}

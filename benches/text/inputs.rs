//! Texts and lists of keywords, made by `texts.py` and kept under `target/`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use penstock::text::normalised;

/// A text and keyword lists in files.
pub(crate) struct Inputs {
    folder: PathBuf,
    /// As somebody would upload it.
    pub(crate) text: Vec<u8>,
    /// As it is searched.
    pub(crate) normalised: Vec<u8>,
}

/// One list of keywords, no two the same once normalised.
pub(crate) struct Keywords {
    pub(crate) written: Vec<String>,
    pub(crate) normalised: Vec<String>,
    pub(crate) file: PathBuf,
}

impl Inputs {
    /// Makes a text of so many bytes, and lists of so many keywords.
    pub(crate) fn make(bytes: usize, counts: &[usize]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-text");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/text/texts.py");
        let numbers = std::iter::once(&bytes).chain(counts).map(ToString::to_string);
        let status = Command::new(python(&folder)).arg(script).arg(&folder).args(numbers).status();
        assert!(status.expect("the script starts").success(), "the script makes texts");
        let text = read(&folder.join("text.txt"));
        let normalised = normalised(&text).into_bytes();
        fs::write(folder.join("text-normalised.txt"), &normalised).expect("what was made can be written");
        Self { folder, text, normalised }
    }

    /// Where the normalised text is.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("text-normalised.txt")
    }

    /// The list of so many keywords.
    pub(crate) fn keywords(&self, count: usize) -> Keywords {
        let all = String::from_utf8(read(&self.folder.join(format!("keywords-{count}.txt")))).expect("UTF-8");
        let mut seen = HashSet::new();
        let (mut written, mut forms) = (Vec::new(), Vec::new());
        for keyword in all.lines() {
            let form = normalised(keyword.as_bytes()).trim_matches(' ').to_owned();
            if !form.is_empty() && seen.insert(form.clone()) {
                written.push(keyword.to_owned());
                forms.push(form);
            }
        }
        let file = self.folder.join(format!("keywords-{count}-normalised.txt"));
        fs::write(&file, forms.join("\n")).expect("what was made can be written");
        Keywords { written, normalised: forms, file }
    }

    /// The interpreter that has the packages.
    pub(crate) fn python(&self) -> PathBuf {
        python(&self.folder)
    }
}

fn python(folder: &Path) -> PathBuf {
    let python = folder.join("venv/bin/python");
    assert!(python.exists(), "{}: not found; run `make bench-text`, which installs its packages", python.display());
    python
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

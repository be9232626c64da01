//! Lists of known texts: taken over from the snapshot before, or read from a folder of texts or a file of digests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::handle::hangs;
use super::inputs::{Inputs, Look, files_of};
use super::{LoadedFile, LoadedTexts, Snapshot};
use crate::config::{Config, Problem, TextListSource, read_file};
use crate::text::{TextDigest, TextList, is_digest_file, parse_digests};

/// All lists of `config`. What is wrong is added to `problems`.
pub(super) fn load_lists(
    config: &Config,
    previous: Option<&Snapshot>,
    inputs: &Inputs,
    look: &Look<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<LoadedTexts> {
    let mut lists = Vec::new();
    for source in &config.text_lists {
        match reused(source, previous, inputs).map_or_else(|| load_anew(source, look), Ok) {
            Ok(list) => lists.push(list),
            Err(found) => problems.extend(found),
        }
    }
    look.pulse.rests();
    lists
}

/// The list from the snapshot before, when its files are the same.
fn reused(source: &TextListSource, previous: Option<&Snapshot>, inputs: &Inputs) -> Option<LoadedTexts> {
    let previous = previous?;
    let loaded = previous.texts.iter().find(|loaded| loaded.source.path == source.path)?;
    inputs.are_same_at(&source.path, &previous.inputs).then(|| LoadedTexts { source: source.clone(), ..loaded.clone() })
}

fn load_anew(source: &TextListSource, look: &Look<'_>) -> Result<LoadedTexts, Vec<Problem>> {
    if look.hangs(&source.path) {
        return Err(vec![hangs(&source.path)]);
    }
    look.pulse.loads(&source.path);
    load(source)
}

fn load(source: &TextListSource) -> Result<LoadedTexts, Vec<Problem>> {
    let texts = open_texts(&source.path)?;
    let mut version = Sha256::new();
    for text in &texts {
        version.update(text.id.as_bytes());
        text.fingerprints.iter().for_each(|hash| version.update(hash.to_le_bytes()));
    }
    let version = data_encoding::HEXLOWER.encode(&version.finalize()[..6]);
    let file = LoadedFile { path: source.path.clone(), version, loaded_at: SystemTime::now(), entries: texts.len() };
    Ok(LoadedTexts { source: source.clone(), file, list: Arc::new(TextList::of(texts)) })
}

/// The known texts at `path`: a folder of texts, each a file that becomes its id, or one file of digests.
///
/// # Errors
/// Every problem in its files.
pub fn open_texts(path: &Path) -> Result<Vec<TextDigest>, Vec<Problem>> {
    let unreadable = |file: &Path, error: std::io::Error| vec![Problem::unreadable(file, &error)];
    let files = text_files(path).map_err(|error| unreadable(path, error))?;
    if !path.is_dir() {
        return open_digests(path, &read_file(path).map_err(|error| unreadable(path, error))?);
    }
    let (mut texts, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let id = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match read_file(&file).map_err(|error| unreadable(&file, error)) {
            Ok(bytes) => match TextDigest::of(&id, &bytes) {
                Ok(text) => texts.push(text),
                Err(error) => problems.push(Problem::of_file(&file, error.to_string())),
            },
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(texts) } else { Err(problems) }
}

fn open_digests(path: &Path, bytes: &[u8]) -> Result<Vec<TextDigest>, Vec<Problem>> {
    let source = std::str::from_utf8(bytes).ok().filter(|source| is_digest_file(source.as_bytes()));
    let Some(source) = source else {
        let message = "not a file of digests, expected what \"penstock texts compile\" writes, or a folder of texts";
        return Err(vec![Problem::of_file(path, message)]);
    };
    let problems = parse_digests(source);
    problems
        .map_err(|found| found.into_iter().map(|problem| Problem::at(path, problem.place, problem.message)).collect())
}

/// The files that `path` means: itself, or every file in it by name, but hidden ones.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn text_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    files_of(path, Path::is_file)
}

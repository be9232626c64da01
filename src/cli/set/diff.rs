//! `penstock set diff`.

use std::cmp::Ordering;
use std::path::PathBuf;

use clap::Args;

use super::{ReadingArgs, open};
use crate::cli::{DIFFERENT, OK};
use crate::config::Problem;
use crate::hash_set::{About, HashSet, Item};

#[derive(Debug, Args)]
pub(in crate::cli) struct DiffArgs {
    /// The older set: compiled, or a list in any format.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The newer one.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Print only how many entries differ.
    #[arg(long)]
    summary: bool,
    /// End with code 3 when the sets differ.
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// What two sets list differently.
#[derive(Default)]
struct Differences {
    added: u64,
    removed: u64,
    changed: u64,
}

/// An entry of a set, or an item that it keeps.
type Line<'a> = (Item<'a>, About<'a>);

pub(super) fn diff(args: &DiffArgs) -> Result<u8, Vec<Problem>> {
    let (old, new) = (open(&args.old, &args.reading)?, open(&args.new, &args.reading)?);
    let mut differences = Differences::default();
    let mut print = |sign: char, line: &Line<'_>| {
        if !args.summary {
            println!("{sign} {}", shown(line));
        }
    };
    walk(&old, &new, &mut differences, &mut print);
    let Differences { added, removed, changed } = differences;
    println!("{added} added, {removed} removed, {changed} changed");
    Ok(if args.exit_code && added + removed + changed > 0 { DIFFERENT } else { OK })
}

/// Groups of lines with one item and one id, in the order that all compiled sets share: by item, then by id.
fn groups(set: &HashSet) -> impl Iterator<Item = Vec<Line<'_>>> {
    let mut lines = set.items().peekable();
    std::iter::from_fn(move || {
        let mut group = vec![lines.next()?];
        let wanted = key(&group[0]);
        while let Some(line) = lines.next_if(|line| key(line) == wanted) {
            group.push(line);
        }
        group.sort_unstable();
        Some(group)
    })
}

/// What tells one entry from another, whatever is said about it.
fn key<'a>((item, about): &Line<'a>) -> (Item<'a>, Option<&'a str>) {
    (*item, about.id)
}

fn walk(old: &HashSet, new: &HashSet, differences: &mut Differences, print: &mut dyn FnMut(char, &Line<'_>)) {
    let (mut old, mut new) = (groups(old).peekable(), groups(new).peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => key(&old[0]).cmp(&key(&new[0])),
        };
        let gone = if order == Ordering::Greater { Vec::new() } else { old.next().unwrap_or_default() };
        let came = if order == Ordering::Less { Vec::new() } else { new.next().unwrap_or_default() };
        let (only_gone, only_came) = (without(&gone, &came), without(&came, &gone));
        let changed = only_gone.len().min(only_came.len());
        differences.changed += changed as u64;
        differences.removed += (only_gone.len() - changed) as u64;
        differences.added += (only_came.len() - changed) as u64;
        only_gone.iter().for_each(|line| print('-', line));
        only_came.iter().for_each(|line| print('+', line));
    }
}

fn without<'a>(lines: &[Line<'a>], others: &[Line<'_>]) -> Vec<Line<'a>> {
    lines.iter().filter(|line| others.binary_search(line).is_err()).copied().collect()
}

fn shown((item, about): &Line<'_>) -> String {
    let item = match item {
        Item::Hash(hash) => hash.named(),
        Item::Kept(kind, value) => format!("{kind}:{value}"),
    };
    let about = serde_json::to_string(about).unwrap_or_default();
    if about == "{}" { item } else { format!("{item} {about}") }
}

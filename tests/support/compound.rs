//! Compound files (MS-CFB) written by us.

use std::iter::repeat_n;

const END_OF_CHAIN: u32 = 0xffff_fffe;
const IN_TABLE: u32 = 0xffff_fffd;
const NOTHING: u32 = 0xffff_ffff;
/// Streams of fewer bytes lie in sectors of 64.
const CUTOFF: usize = 4096;

/// How a file is laid out.
#[derive(Clone, Copy)]
pub struct Layout {
    /// The size of a sector, as a power of two: 9, or 12 in the fourth version.
    pub shift: u32,
    /// Whether the sectors of every chain lie behind each other backwards.
    pub is_scattered: bool,
}

impl Layout {
    pub const PLAIN: Self = Self { shift: 9, is_scattered: false };
    pub const SCATTERED: Self = Self { shift: 9, is_scattered: true };
}

struct Entry {
    name: String,
    parent: usize,
    /// `None` for a storage.
    content: Option<Vec<u8>>,
}

/// A file with these streams, by their paths.
pub fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    laid_out(Layout::PLAIN, streams)
}

pub fn laid_out(layout: Layout, streams: &[(&str, &[u8])]) -> Vec<u8> {
    let entries = entries(streams);
    let (mini_stream, mini_table, mini_starts) = mini(&entries);
    let size = 1 << layout.shift;
    let big: Vec<usize> = (0..entries.len())
        .filter(|index| entries[*index].content.as_ref().is_some_and(|content| content.len() >= CUTOFF))
        .collect();
    let directory = vec![0; entries.len() * 128];
    let mut chains = vec![directory, mini_table, mini_stream];
    chains.extend(big.iter().map(|index| entries[*index].content.clone().unwrap()));
    let places = places(&chains, size, layout.is_scattered);
    let start = |chain: usize| places[chain].first().copied().unwrap_or(END_OF_CHAIN);
    let lengths: Vec<usize> = chains.iter().map(Vec::len).collect();
    let place_of = |index: usize| match &entries[index].content {
        _ if index == 0 => (start(2), lengths[2]),
        None => (0, 0),
        Some(content) => match big.iter().position(|big| *big == index) {
            Some(chain) => (start(3 + chain), content.len()),
            None => (mini_starts[index], content.len()),
        },
    };
    chains[0] = directory_of(&entries, place_of);
    let mut file = vec![0; size];
    let count: usize = places.iter().map(Vec::len).sum();
    let mut table = vec![NOTHING; count];
    file.resize(size * (count + 1), 0);
    for (chain, places) in chains.iter().zip(&places) {
        for (index, (piece, place)) in chain.chunks(size).zip(places).enumerate() {
            let at = (*place as usize + 1) * size;
            file[at..at + piece.len()].copy_from_slice(piece);
            table[*place as usize] = places.get(index + 1).copied().unwrap_or(END_OF_CHAIN);
        }
    }
    let starts = [start(0), start(1)];
    add_table(&mut file, table, size, starts, places[1].len());
    file
}

/// Writes the table behind the sectors, and the header.
fn add_table(file: &mut Vec<u8>, mut table: Vec<u32>, size: usize, [directory, mini_table]: [u32; 2], mini: usize) {
    let per = size / 4;
    let (mut count, mut lists) = (0, 0);
    while table.len() + count + lists > count * per {
        count += 1;
        lists = count.saturating_sub(109_usize).div_ceil(per - 1);
    }
    let first = table.len() as u32;
    let numbers: Vec<u32> = (first..first + count as u32).collect();
    let first_list = first + count as u32;
    table.extend(repeat_n(IN_TABLE, count));
    table.extend(repeat_n(IN_TABLE - 1, lists));
    table.resize(count * per, NOTHING);
    file.extend(table.iter().flat_map(|number| number.to_le_bytes()));
    for (index, list) in numbers[count.min(109)..].chunks(per - 1).enumerate() {
        let mut list = list.to_vec();
        list.resize(per - 1, NOTHING);
        list.push(if index + 1 < lists { first_list + index as u32 + 1 } else { END_OF_CHAIN });
        file.extend(list.iter().flat_map(|number| number.to_le_bytes()));
    }
    let is_fourth = size > 512;
    let mut header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    header.resize(24, 0);
    for number in [0x3e, if is_fourth { 4 } else { 3 }, 0xfffe, size.ilog2() as u16, 6_u16] {
        header.extend(number.to_le_bytes());
    }
    header.resize(44, 0);
    let first_list = if lists > 0 { first_list } else { END_OF_CHAIN };
    let numbers_of = [count as u32, directory, 0, CUTOFF as u32, mini_table, mini as u32, first_list, lists as u32];
    let in_header = numbers.iter().copied().chain(repeat_n(NOTHING, 109)).take(109);
    header.extend(numbers_of.into_iter().chain(in_header).flat_map(u32::to_le_bytes));
    file[..512].copy_from_slice(&header);
}

fn entries(streams: &[(&str, &[u8])]) -> Vec<Entry> {
    let mut entries = vec![Entry { name: "Root Entry".to_owned(), parent: 0, content: None }];
    for (path, content) in streams {
        let (storages, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = storages.split('/').filter(|name| !name.is_empty()).fold(0, |parent, name| {
            let known = (1..entries.len()).find(|at| entries[*at].name == name && entries[*at].parent == parent);
            known.unwrap_or_else(|| {
                entries.push(Entry { name: name.to_owned(), parent, content: None });
                entries.len() - 1
            })
        });
        entries.push(Entry { name: name.to_owned(), parent, content: Some(content.to_vec()) });
    }
    entries
}

/// The stream of small streams, its table, and where each begins.
fn mini(entries: &[Entry]) -> (Vec<u8>, Vec<u8>, Vec<u32>) {
    let (mut stream, mut table, mut starts) = (Vec::new(), Vec::new(), vec![END_OF_CHAIN; entries.len()]);
    for (index, entry) in entries.iter().enumerate() {
        let Some(content) = entry.content.as_ref().filter(|content| !content.is_empty() && content.len() < CUTOFF)
        else {
            continue;
        };
        starts[index] = table.len() as u32;
        stream.extend_from_slice(content);
        stream.resize(stream.len().next_multiple_of(64), 0);
        let end = (stream.len() / 64) as u32;
        table.extend(table.len() as u32 + 1..end);
        table.push(END_OF_CHAIN);
    }
    (stream, table.iter().flat_map(|number| number.to_le_bytes()).collect(), starts)
}

/// The sectors of each chain.
fn places(chains: &[Vec<u8>], size: usize, is_scattered: bool) -> Vec<Vec<u32>> {
    let count: usize = chains.iter().map(|chain| chain.len().div_ceil(size)).sum();
    let mut next = 0;
    let place = |number: usize| (if is_scattered { count - 1 - number } else { number }) as u32;
    let mut of_chain = |chain: &Vec<u8>| {
        let numbers = next..next + chain.len().div_ceil(size);
        next = numbers.end;
        numbers.map(place).collect()
    };
    chains.iter().map(&mut of_chain).collect()
}

fn directory_of(entries: &[Entry], place_of: impl Fn(usize) -> (u32, usize)) -> Vec<u8> {
    let sorted_children = |parent: usize| {
        let mut children: Vec<usize> = (1..entries.len()).filter(|at| entries[*at].parent == parent).collect();
        children.sort_by_key(|at| (entries[*at].name.len(), entries[*at].name.to_uppercase()));
        children
    };
    let mut directory = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let siblings = sorted_children(entry.parent);
        let own = siblings.iter().position(|at| *at == index);
        let next = own.and_then(|own| siblings.get(own + 1)).map_or(NOTHING, |at| *at as u32);
        let below = if entry.content.is_none() { sorted_children(index).first().copied() } else { None };
        let units: Vec<u8> = entry.name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let kind = if index == 0 { 5 } else { 1 + u8::from(entry.content.is_some()) };
        let mut raw = units.clone();
        raw.resize(64, 0);
        raw.extend((units.len() as u16 + 2).to_le_bytes());
        raw.extend([kind, 1]);
        raw.extend([NOTHING, next, below.map_or(NOTHING, |at| at as u32)].into_iter().flat_map(u32::to_le_bytes));
        raw.resize(116, 0);
        let (start, length) = place_of(index);
        raw.extend(start.to_le_bytes());
        raw.extend((length as u64).to_le_bytes());
        directory.extend(raw);
    }
    directory
}

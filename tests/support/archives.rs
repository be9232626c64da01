//! Archives written by us, also ones that no tool would write.

use std::fs;

use super::repository;

/// A file that another tool made; see `make.sh` there.
pub fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository("tests/fixtures/containers").join(name)).unwrap()
}

/// An entry of a zip file, as both of its headers have it.
#[derive(Clone)]
pub struct ZipEntry {
    pub name: String,
    pub method: u16,
    pub flags: u16,
    pub data: Vec<u8>,
    pub size: u32,
    pub crc: u32,
}

impl ZipEntry {
    pub fn stored(name: &str, content: &[u8]) -> Self {
        let (size, crc) = (content.len() as u32, crc32fast::hash(content));
        Self { name: name.to_owned(), method: 0, flags: 0, data: content.to_vec(), size, crc }
    }

    pub fn deflated(name: &str, content: &[u8]) -> Self {
        let data = miniz_oxide::deflate::compress_to_vec(content, 9);
        Self { method: 8, data, ..Self::stored(name, content) }
    }

    fn middle(&self) -> Vec<u8> {
        let mut middle = [[20, 0], self.flags.to_le_bytes(), self.method.to_le_bytes(), [0; 2], [0; 2]].concat();
        for number in [self.crc, self.data.len() as u32, self.size] {
            middle.extend(number.to_le_bytes());
        }
        middle.extend((self.name.len() as u16).to_le_bytes());
        middle
    }

    pub fn local(&self) -> Vec<u8> {
        [b"PK\x03\x04", &self.middle()[..], &[0; 2], self.name.as_bytes(), &self.data].concat()
    }

    pub fn central(&self, at: usize) -> Vec<u8> {
        let offset = (at as u32).to_le_bytes();
        [b"PK\x01\x02\x14\0", &self.middle()[..], &[0; 12], &offset, self.name.as_bytes()].concat()
    }
}

/// An archive of these local headers, and a directory of those entries at those places.
pub fn zip_with_directory(locals: &[ZipEntry], directory: &[(ZipEntry, usize)]) -> Vec<u8> {
    let locals: Vec<u8> = locals.iter().flat_map(ZipEntry::local).collect();
    zip_of_parts(&locals, directory)
}

pub fn zip_of_parts(locals: &[u8], directory: &[(ZipEntry, usize)]) -> Vec<u8> {
    let central: Vec<u8> = directory.iter().flat_map(|(entry, at)| entry.central(*at)).collect();
    let count = (directory.len() as u16).to_le_bytes();
    let [size, offset] = [central.len(), locals.len()].map(|number| (number as u32).to_le_bytes());
    [locals, &central, b"PK\x05\x06\0\0\0\0", &count, &count, &size, &offset, &[0; 2]].concat()
}

/// An archive as it should be.
pub fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let mut at = 0;
    let mut directory = Vec::new();
    for entry in entries {
        directory.push((entry.clone(), at));
        at += entry.local().len();
    }
    zip_with_directory(entries, &directory)
}

/// An archive of David Fifield's kind: each entry quotes the header of the next, and all share one kernel.
pub fn overlapping_zip(kernel: &[u8], count: usize) -> Vec<u8> {
    let kernel = ZipEntry::deflated("kernel", kernel);
    let mut header = kernel.local().len() - kernel.data.len();
    let mut size = kernel.size;
    let mut data = kernel.local();
    let mut directory = vec![(kernel, 0)];
    for index in 0..count {
        let quoted = header as u16;
        let block = [&[0][..], &quoted.to_le_bytes(), &(!quoted).to_le_bytes(), &data].concat();
        size += u32::from(quoted);
        let entry = ZipEntry { data: block, method: 8, size, ..ZipEntry::stored(&index.to_string(), b"") };
        let grown = entry.local();
        header = grown.len() - entry.data.len();
        directory.iter_mut().for_each(|(_, at)| *at += grown.len() - data.len());
        directory.push((entry, 0));
        data = grown;
    }
    zip_of_parts(&data, &directory)
}

/// Deflate for so many times 16 MiB of zeros, without making them.
pub fn deflated_zeros(times: usize) -> Vec<u8> {
    use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress};
    let mut piece = vec![0; 64 << 10];
    let (_, _, length) = compress(&mut CompressorOxide::new(128), &vec![0; 16 << 20], &mut piece, TDEFLFlush::Full);
    [piece[..length].repeat(times), vec![3, 0]].concat()
}

/// A header of ustar and the content behind it.
pub fn tar_entry(name: &str, kind: u8, size: usize, content: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block.extend_from_slice(content);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

pub fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    [tar_entry(name, b'0', content.len(), content), vec![0; 1024]].concat()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    member.extend(miniz_oxide::deflate::compress_to_vec(content, 6));
    member.extend(crc32fast::hash(content).to_le_bytes());
    member.extend((content.len() as u32).to_le_bytes());
    member
}

/// A mail with an attachment.
pub fn mail(name: &str, content: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64_MIME.encode(content);
    format!(
        "Return-Path: <a@example.com>\r\nFrom: A <a@example.com>\r\nTo: b@example.com\r\nSubject: A file\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b-1\"\r\n\r\nThis is a message in parts.\r\n\
         --b-1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         Gr=C3=BC=C3=9Fe!\r\n--b-1\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n\
         {encoded}\r\n--b-1--\r\n"
    )
    .into_bytes()
}

/// A PDF file with one stream.
pub fn pdf(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\n\
         endobj\n3 0 obj\n<< {dictionary} /Length {} >>\nstream\n",
        content.len()
    );
    let tail = b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Size 4 >>\nstartxref\n0\n%%EOF\n";
    [head.as_bytes(), content, tail].concat()
}

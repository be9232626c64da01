//! Which format a list is taken for.

use super::*;
use crate::content::Algorithm;

fn detected(list: &str, name: &str, algorithm: Option<Algorithm>) -> Result<ListFormat, String> {
    let mut input = Input::new(BufReader::with_capacity(7, list.as_bytes()), name);
    detect::format_of(&mut input, algorithm).map_err(|error| error.to_string())
}

#[test]
fn every_format_is_told_from_its_start() {
    let (md5, sha1, sha512) = (hex(32), hex(40), hex(128));
    let cases = [
        ("# ours\n\nhash,algorithm\n".to_owned(), ListFormat::Csv),
        (format!("# comment\n{md5}\n{sha1}\n{sha512}\n"), ListFormat::Plain),
        (format!("pdq {}\nmd5 {md5}\n", hex(64)), ListFormat::PytxLines),
        ("signal_type,signal_str,collab,category,tags\n".into(), ListFormat::PytxCsv),
        ("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n".into(), ListFormat::Hashdeep),
        (format!("{md5}  a\n{md5} *b\n"), ListFormat::Sums),
        (format!("MD5 (a) = {md5}\n"), ListFormat::Sums),
        (format!("\\{md5}  a\\\\b\n"), ListFormat::Sums),
        ("\u{feff}\"SHA-1\",\"MD5\",\"CRC32\",\"FileName\",\"FileSize\"\r\n".into(), ListFormat::Nsrl),
        (format!("{md5}:12:Name\n{md5}:*:Name:73\n"), ListFormat::Clamav),
        ("uuid,event_id,category,type,value,comment,to_ids,date\n".into(), ListFormat::MispCsv),
        (
            "{\"data\": [{\"id\": \"1\", \"indicator\": \"x\", \"type\": \"HASH_PDQ\"}]}".into(),
            ListFormat::ThreatUpdates,
        ),
        ("[{\"td_raw_indicator\": \"x\", \"indicator\": \"1\", \"type\": \"y\"}]".into(), ListFormat::ThreatTags),
        ("\u{feff}{\"@odata.context\":\"http://x\",\"value\":[]}".into(), ListFormat::Vics),
        ("{\"odata.metadata\":\"http://x\",\"value\":[]}".into(), ListFormat::Vics),
        ("\n {\"value\": [{\"MediaID\": 1}]}".into(), ListFormat::Vics),
        ("{\"count\": 0, \"hashRecords\": []}".into(), ListFormat::Stopncii),
        ("{\"results\": [{\"hash_digest\": \"x\", \"algorithm\": \"MD5\"}]}".into(), ListFormat::Tat),
        ("{\"response\": {\"Attribute\": [{\"type\": \"md5\"}]}}".into(), ListFormat::MispJson),
        ("{\"Event\": {\"Attribute\": []}}".into(), ListFormat::MispJson),
        ("{\"type\" : \"bundle\", \"objects\": [{\"type\": \"indicator\"}]}".into(), ListFormat::Stix),
        (
            "<?xml version=\"1.0\"?>\n<queryResult xmlns=\"https://hashsharing.ncmec.org/hashsharing/v2\">".into(),
            ListFormat::Ncmec,
        ),
        // A bad header of ours is explained by our reader.
        ("algoritm,hash,label\n".into(), ListFormat::Csv),
    ];
    for (list, format) in cases {
        assert_eq!(detected(&list, "list.txt", None), Ok(format), "{list}");
    }
    assert_eq!(detected("x,1,2,3\n", "simple.HASH_MD5.te.csv", None), Ok(ListFormat::ThreatCsv));
}

#[test]
fn some_bad_lines_do_not_hide_a_format() {
    let list = format!("# c\nbad\n{}", format!("{}\n", hex(32)).repeat(5));
    assert_eq!(detected(&list, "list", None), Ok(ListFormat::Plain));
}

#[test]
fn the_algorithm_in_the_configuration_settles_what_lengths_leave_open() {
    let list = format!("{}\n", hex(64));
    assert_eq!(detected(&list, "list", Some(Algorithm::Pdq)), Ok(ListFormat::Plain));
    assert_eq!(detected(&format!("{}\n", hex(16)), "list", Some(Algorithm::DHash)), Ok(ListFormat::Plain));
}

#[test]
fn what_cannot_be_told_is_refused_with_what_to_do() {
    let which = "say which it is with format = \"…\" (docs/hash-sets.md lists the formats)";
    let cases = [
        (String::new(), format!("1:1: the file is empty, expected a list; if it may be, {which}")),
        (" \n\n".into(), format!("1:1: the file is empty, expected a list; if it may be, {which}")),
        ("# only\n".into(), format!("1:1: the file has only comments, expected a list; if it may be empty, {which}")),
        (
            format!("# c\n{}\n", hex(64)),
            "2:1: 64 hex digits are SHA-256 or PDQ: say which with algorithm = \"sha256\" or algorithm = \"pdq\""
                .into(),
        ),
        (
            format!("{}\n", hex(16)),
            "1:1: 16 hex digits are one of three hashes: say which with algorithm = \"ahash\", \"dhash\" or \"phash\""
                .into(),
        ),
        ("some text\n".into(), format!("1:1: \"some text\" starts no format that is known, {which}")),
        (
            "Ref,MD5 Hash,Cat\n".into(),
            format!(
                "1:1: \"Ref,MD5 Hash,Cat\" starts no format that is known, {which} or, for CSV, which column holds what \
                 with columns = {{ … }}"
            ),
        ),
        (
            "Ref;MD5 Hash;Cat\n".into(),
            "1:1: fields are separated by ';', expected ',': save the list so, or say which column holds what with \
             columns = { …, delimiter = \";\" }"
                .into(),
        ),
        ("{\"a\": \"hashRecords\"}".into(), format!("1:1: JSON of an unknown kind, {which}")),
        (
            "{\"error\": {\"code\": 190}}".into(),
            format!("1:1: this looks like what a server answers when it has no list; if it is one, {which}"),
        ),
        ("<feed>".into(), "1:1: XML without <queryResult>, expected what NCMEC's hash sharing answers".into()),
    ];
    for (list, message) in cases {
        assert_eq!(detected(&list, "list.txt", None), Err(message), "{list}");
    }
}

//! CSV that other programs write.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config::ColumnMapping;
use crate::content::Algorithm;
use crate::hash_set::entry::KeptKind;

#[test]
fn csv_of_the_python_package_is_read_without_what_is_known_to_be_harmless() {
    let (pdq, md5) = (hex(64), hex(32));
    let list = format!(
        "signal_type,signal_str,collab,category,tags\r\n\
         pdq,{pdq},Sample,POSITIVE_CLASS,one two\r\n\
         video_md5,{md5},Sample,INVESTIGATION_SEED,\r\n\
         raw_text,\"bad, \"\"words\"\"\",,,\r\n\
         pdq,{pdq},Sample,NEGATIVE_CLASS,\r\n\
         vpdq,x,Sample,POSITIVE_CLASS,\r\n\
         pdq,{md5},Sample,POSITIVE_CLASS,\r\n\
         pdq,{pdq}\r\n"
    );
    let expected = [
        format!("pdq:{pdq} category=\"POSITIVE_CLASS\" source=\"Sample\" tags=\"one two\""),
        format!("md5:{md5} category=\"INVESTIGATION_SEED\" source=\"Sample\""),
        "text:bad, \"words\"".into(),
        "ignored NEGATIVE_CLASS".into(),
        "ignored vpdq".into(),
        "bad 7:5: a pdq hash has 64 hex digits or 44 base64 characters, found 32 characters".into(),
        "bad 8:69: found 2 fields, expected 5 as in the header".into(),
    ];
    assert_eq!(told(list.as_bytes(), "dataset.csv", &ListReading::default()), expected);
    let broken = ["broken 1:12: missing column \"signal_str\""];
    assert_eq!(told_as(ListFormat::PytxCsv, "signal_type\n"), broken);
}

#[test]
fn legacy_csv_of_threatexchange_has_its_type_in_its_name() {
    let pdq = hex(64);
    let list = format!("{pdq},1234,2020-07-31T18:47:45+0000,tag_a tag_b\nshort,1,,\n");
    let expected = [
        format!("pdq:{pdq} id=\"1234\" tags=\"tag_a tag_b\" added=\"2020-07-31T18:47:45+0000\""),
        "bad 2:1: a pdq hash has 64 hex digits or 44 base64 characters, found 5 characters".into(),
    ];
    assert_eq!(told(list.as_bytes(), "simple.HASH_PDQ.te", &ListReading::default()), expected);
    assert_eq!(told(list.as_bytes(), "simple.hash_pdq.te.csv", &ListReading::default()), expected);
    let message = "broken 1:1: \"IP_ADDRESS\" in the file's name is of no use here, expected HASH_PDQ or alike";
    assert_eq!(told(list.as_bytes(), "simple.IP_ADDRESS.te", &ListReading::default()), [message]);
    let message = "broken 1:1: the type is unknown: name the file simple.HASH_PDQ.te.csv or alike, or say algorithm";
    assert_eq!(told_as(ListFormat::ThreatCsv, &list), [message]);
}

/// Columns: "RDS 2.x file format" of NIST's NSRL; RDS 3 exports name the columns of the table `FILE`.
#[test]
fn each_digest_of_an_nsrl_row_is_an_entry() {
    let (sha1, md5, sha256) = (hex(40).to_uppercase(), hex(32).to_uppercase(), hex(64));
    let list = format!(
        "\"SHA-1\",\"MD5\",\"CRC32\",\"FileName\",\"FileSize\",\"ProductCode\",\"OpSystemCode\",\"SpecialCode\"\r\n\
         \"{sha1}\",\"{md5}\",\"1D6EBB5A\",\"a b.gif\",4096,15721,\"362\",\"\"\r\n\
         \"{sha1}\",\"xyz\",\"1D6EBB5A\",\"c.gif\",1,15721,\"362\",\"\"\r\n"
    );
    let (sha1, md5) = (sha1.to_lowercase(), md5.to_lowercase());
    let expected = [
        format!("sha1:{sha1} tags=\"name=a%20b.gif size=4096 product=15721 system=362\""),
        format!("md5:{md5} tags=\"name=a%20b.gif size=4096 product=15721 system=362\""),
        format!("sha1:{sha1} tags=\"name=c.gif size=1 product=15721 system=362\""),
        "bad 3:44: a md5 hash has 32 hex digits or 24 base64 characters, found 3 characters".into(),
    ];
    assert_eq!(told(list.as_bytes(), "NSRLFile.txt", &ListReading::default()), expected);
    let list = format!("sha256,sha1,md5,crc32,file_name,file_size,package_id\n{sha256},{sha1},,00000000,d,5,9\n");
    let tags = "tags=\"name=d size=5 product=9\"";
    let expected = [format!("sha256:{sha256} {tags}"), format!("sha1:{sha1} {tags}")];
    assert_eq!(told(list.as_bytes(), "rds.csv", &ListReading::default()), expected);
    assert_eq!(told_as(ListFormat::Nsrl, "CRC32,FileName\n"), ["broken 1:15: missing column \"SHA-1\""]);
}

/// Header: what MISP's `/attributes/restSearch` returns as CSV, with context.
#[test]
fn misp_attributes_are_listed_kept_ignored_or_taken_back() {
    let (md5, sha1, sha256, sha384) = (hex(32), hex(40), hex(64), hex(96));
    let list = format!(
        "uuid,event_id,category,type,value,comment,to_ids,date,deleted,attribute_tag\n\
         u1,7,\"Payload delivery\",md5,{md5},\"seen, twice\",1,20240501,0,\"tlp:amber,a b\"\n\
         u2,7,\"Payload delivery\",filename|sha1,\"x y|z.exe|{sha1}\",,1,20240501,0,\n\
         u2,7,\"Payload delivery\",filename|sha1,\"y.exe|{sha1}\",,0,20240501,0,\n\
         u3,7,\"Payload delivery\",sha384,{sha384},,1,20240501,0,\n\
         u4,7,\"Payload delivery\",ssdeep,3:abc:def,,1,20240501,0,\n\
         u5,7,\"Network activity\",ip-dst,192.0.2.1,,1,20240501,0,\n\
         u6,7,\"Payload delivery\",sha256,{sha256},,1,20240501,1,\n\
         u7,7,\"Payload delivery\",sha256,{md5},,1,20240501,0,\n"
    );
    let rest = "added=\"20240501\"";
    let category = "category=\"Payload delivery\"";
    let expected = [
        format!("md5:{md5} id=\"u1\" {category} tags=\"tlp:amber a%20b event=7\" {rest} note=\"seen, twice\""),
        format!("sha1:{sha1} id=\"u2\" {category} tags=\"name=x%20y|z.exe event=7\" {rest}"),
        "ignored not for detection (to_ids)".into(),
        format!("other_digest:{sha384} id=\"u3\" {category} tags=\"digest=sha384 event=7\" {rest}"),
        format!("ssdeep:3:abc:def id=\"u4\" {category} tags=\"event=7\" {rest}"),
        "ignored ip-dst".into(),
        format!("removed id=\"u6\" sha256:{sha256}"),
        "bad 9:32: a sha256 hash has 64 hex digits or 44 base64 characters, found 32 characters".into(),
    ];
    assert_eq!(told(list.as_bytes(), "misp.csv", &ListReading::default()), expected);
}

fn mapped(mapping: ColumnMapping, list: &str) -> Vec<String> {
    let reading = ListReading { format: Some(ListFormat::MappedCsv), columns: Some(mapping), ..ListReading::default() };
    told(list.as_bytes(), "iwf.csv", &reading)
}

fn mapping() -> ColumnMapping {
    let about = [("id", "Ref"), ("category", "Cat"), ("added", "Date")];
    ColumnMapping {
        hashes: BTreeMap::from([("MD5 Hash".into(), Algorithm::Md5), ("PDQ".into(), Algorithm::Pdq)]),
        kept: BTreeMap::from([("PhotoDNA".into(), "photodna".into())]),
        about: about.map(|(field, column)| (field.to_owned(), column.to_owned())).into(),
        removed_when: Some(("Status".into(), vec!["withdrawn".into(), "void".into()])),
        delimiter: b';',
        has_header: true,
        ..ColumnMapping::default()
    }
}

#[test]
fn a_mapped_csv_gives_an_entry_for_every_hash_of_a_row() {
    let (md5, pdq) = (hex(32), hex(64));
    let list = format!(
        "Ref;md5 hash;PDQ;Other;Cat;Date;Status;PhotoDNA\r\n\
         #1;{md5};{pdq};;A1;1/5/24;ok;1,2,3\r\n\
         #2;{md5};;;A1;;Withdrawn;\r\n\
         #3;;;;;;VOID;\r\n\
         #4;;;;;;;\r\n\
         #5;zz;{pdq};;;;;\r\n"
    );
    let about = "id=\"#1\" category=\"A1\" added=\"1/5/24\"";
    let expected = [
        format!("md5:{md5} {about}"),
        format!("pdq:{pdq} {about}"),
        format!("photodna:1,2,3 {about}"),
        format!("removed id=\"#2\" md5:{md5}"),
        "removed id=\"#3\"".into(),
        "bad 5:1: missing field \"hash\"".into(),
        "bad 6:4: a md5 hash has 32 hex digits or 24 base64 characters, found 2 characters".into(),
        format!("pdq:{pdq} id=\"#5\""),
    ];
    assert_eq!(mapped(mapping(), &list), expected);
}

#[test]
fn all_columns_that_a_mapped_csv_lacks_are_told() {
    let expected = [
        "bad 1:14: missing column \"MD5 Hash\"",
        "bad 1:14: missing column \"PDQ\" (did you mean \"PDQs\"?)",
        "bad 1:14: missing column \"PhotoDNA\"",
        "bad 1:14: missing column \"Cat\"",
        "bad 1:14: missing column \"Date\"",
        "broken 1:14: missing column \"Status\"",
    ];
    assert_eq!(mapped(mapping(), "Ref;Kind;PDQs\n"), expected);
    let twice = mapped(mapping(), "Ref;MD5 Hash;MD5 hash;PDQ;PhotoDNA;Cat;Date;Status\n");
    assert_eq!(twice, ["broken 1:51: duplicate column \"MD5 Hash\""]);
    assert_eq!(mapped(mapping(), ""), ["broken 1:1: the file ends too early, expected a line that names the columns"]);
}

#[test]
fn a_mapped_csv_may_tell_the_algorithm_in_a_column_and_have_no_header() {
    let (md5, sha256) = (hex(32), hex(64));
    let mapping = ColumnMapping {
        hash_and_algorithm: Some(("2".into(), "1".into())),
        about: BTreeMap::from([("id".into(), "4".into())]),
        delimiter: b'\t',
        ..ColumnMapping::default()
    };
    let list = format!("MD5\t{md5}\t5\" pipe\ta\nSHA-256\t{sha256}\t\tb\nCRC\t00\t\tc\nPhotoDNA\t1,2\t\td\n");
    let expected = [
        format!("md5:{md5} id=\"a\""),
        format!("sha256:{sha256} id=\"b\""),
        "bad 3:1: unknown algorithm \"CRC\", expected one of md5, sha1, sha256, sha512, pdq, ahash, dhash, phash"
            .into(),
        "photodna:1,2 id=\"d\"".into(),
    ];
    assert_eq!(mapped(mapping, &list), expected);
}

#[test]
fn kinds_that_a_mapping_can_name_are_known() {
    for name in ["photodna", "tmk"] {
        assert!(KeptKind::named(name).is_some(), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Written as Python's `csv` and spreadsheets do: fields in quotes where needed, lines ended by CRLF.
    #[test]
    fn foreign_csv_comes_back_as_it_was_written(rows in prop::collection::vec((any::<[u8; 32]>(), "[!-~é\r\n][ -~é\r\n]{0,9}[!-~]"), 1..20)) {
        let quoted = |text: &str| match text.contains(['"', ';', ',', '\r', '\n']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text.to_owned(),
        };
        let mut mapped_list = "Cat;PDQ;MD5 Hash;PhotoDNA;Ref;Date;Status\r\n".to_owned();
        let mut pytx_list = "signal_type,signal_str,collab,category,tags\r\n".to_owned();
        let (mut mapped_expected, mut pytx_expected) = (Vec::new(), Vec::new());
        for (hash, text) in &rows {
            let (hash, trimmed) = (HashValue::parse(Algorithm::Pdq, &data_encoding::HEXLOWER.encode(hash)).unwrap(), text.trim());
            write!(mapped_list, "{};{hash};;;;;\r\n", quoted(text)).unwrap();
            write!(pytx_list, "pdq,{hash},{},,\r\n", quoted(text)).unwrap();
            mapped_expected.push(format!("pdq:{hash} category={trimmed:?}"));
            pytx_expected.push(format!("pdq:{hash} source={trimmed:?}"));
        }
        prop_assert_eq!(mapped(mapping(), &mapped_list), mapped_expected);
        prop_assert_eq!(told_as(ListFormat::PytxCsv, &pytx_list), pytx_expected);
    }

    #[test]
    fn no_pieces_make_any_reader_panic(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("md5"), Just("uuid"), Just("type"), Just("value"), Just("sha256"), Just("filename"), Just("crc32"),
                Just("signal_type"), Just("signal_str"), Just(","), Just(";"), Just(":"), Just("\n"), Just("\r\n"),
                Just("\""), Just("#"), Just("%%%% "), Just("HASHDEEP-1.0"), Just(" "), Just("  "), Just("*"), Just("\\"),
                Just("0123456789abcdef0123456789abcdef"), Just("\u{feff}"), Just("é"), Just("("), Just(") = "),
            ],
            0..40,
        ),
    ) {
        let list = pieces.concat();
        told(list.as_bytes(), "list", &ListReading::default());
        for format in ListFormat::ALL {
            told_as(format, &list);
        }
    }
}

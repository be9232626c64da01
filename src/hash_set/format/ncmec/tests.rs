//! NCMEC's list: a faithful sample of ours, deletions in any order, bad entries, and what is no XML.

use proptest::prelude::*;

use super::super::testing::{assert_no_cut_is_silent, told};
use super::limited::MAX_ENTRY;
use crate::config::ListFormat;

const MD5: &str = "00112233445566778899aabbccddeeff";
const SHA1: &str = "000102030405060708090a0b0c0d0e0f10111213";
const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

/// Elements as in `clients/ncmec/tests/data.py`.
fn sample() -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">
  <images count="2" maxTimestamp="2024-05-01T10:00:00Z">
    <image>
      <member id="42">Example &amp; Co</member>
      <timestamp>2024-05-01T09:00:00Z</timestamp>
      <id>image1</id>
      <classification>A1</classification>
      <fingerprints><md5>{MD5}</md5><sha1>{SHA1}</sha1><pdna>AAEC&#65;w==</pdna><pdq><![CDATA[{PDQ}]]></pdq></fingerprints>
      <feedback lastUpdateTimestamp="2023-06-01T12:48:14Z">
        <affirmativeFeedback type="Md5"><members timestamp="2023-06-01T12:48:14Z"><member id="7">Other</member></members>
        </affirmativeFeedback>
        <negativeFeedback type="Sha1"><reasons><reason guid="1" name="Not what it says" type="Sha1"/>
          <members timestamp="2023-06-01T12:48:14Z"><member id="42">Example</member></members></reasons></negativeFeedback>
      </feedback>
    </image>
    <deletedImage><member id="43">Second</member><id>image4</id><timestamp>2024-05-01T10:00:00Z</timestamp></deletedImage>
  </images>
  <videos count="1" maxTimestamp="2024-05-01T10:00:00Z">
    <video>
      <member id="43"/><timestamp>2024-05-01T09:00:00Z</timestamp><id>image4</id>
      <fingerprints><md5>{MD5}</md5><tmk-pdqf rel="self" href="/v2/entries/1/fingerprints/TMK_PDQF"/></fingerprints>
    </video>
    <sound><id>1</id></sound>
  </videos>
  <paging><next>/v2/entries?from=2024&amp;start=2001</next></paging>
</queryResult>
"#
    )
}

#[test]
fn entries_are_listed_by_member_and_id_with_feedback_and_links_are_counted() {
    let about = "; id: 42/image1; category: A1; source: Example & Co; tags: image affirmative_feedback=Md5 \
                 negative_feedback=Sha1 negative_reason=Not%20what%20it%20says; updated: 2024-05-01T09:00:00Z";
    let expected = [
        format!("md5 {MD5}{about}"),
        format!("sha1 {SHA1}{about}"),
        format!("photodna AAECAw=={about}"),
        format!("pdq {PDQ}{about}"),
        format!("md5 {MD5}; id: 43/image4; source: 43; tags: video; updated: 2024-05-01T09:00:00Z"),
        "ignore tmk-pdqf".into(),
        "ignore sound".into(),
        "remove 43/image4".into(),
    ];
    assert_eq!(told(ListFormat::Ncmec, sample()), expected);
    assert_eq!(told(ListFormat::Ncmec, format!("\u{feff}{}", sample())), expected, "with a mark");
    let prefixed = sample().replace('<', "<n:").replace("<n:/", "</n:").replace("<n:?", "<?").replace("<n:!", "<!");
    assert_eq!(told(ListFormat::Ncmec, prefixed), expected, "with a prefix");
    assert_eq!(told(ListFormat::Ncmec, sample().repeat(2)).len(), 15, "pages one behind the other");
    assert_no_cut_is_silent(ListFormat::Ncmec, &sample());
}

fn document(entries: &str) -> String {
    format!("<queryResult><images>\n{entries}</images></queryResult>")
}

fn image(id: &str, hour: u8) -> String {
    format!(
        "<image><member id=\"1\"/><id>{id}</id><timestamp>2024-05-01T{hour:02}:00:00Z</timestamp><fingerprints>\
         <md5>{MD5}</md5></fingerprints></image>"
    )
}

fn deleted(id: &str, hour: u8) -> String {
    format!(
        "<deletedImage><member id=\"1\"/><id>{id}</id><timestamp>2024-05-01T{hour:02}:00:00Z</timestamp></deletedImage>"
    )
}

#[test]
fn a_deletion_holds_unless_the_entry_came_anew_in_whatever_order_they_stand() {
    for (entries, holds) in [
        (image("a", 1) + &deleted("a", 2), true),
        (deleted("a", 2) + &image("a", 1), true),
        (image("a", 3) + &deleted("a", 2), false),
        (deleted("a", 2) + &image("a", 3), false),
        (image("a", 1) + &deleted("a", 2) + &image("a", 3) + &image("b", 1), false),
        (image("a", 3) + &deleted("a", 2) + &deleted("a", 4) + &deleted("a", 1), true),
        (deleted("a", 1), true),
        (image("a", 2) + &deleted("a", 2), true),
    ] {
        let told = told(ListFormat::Ncmec, document(&entries));
        assert_eq!(told.last().unwrap() == "remove 1/a", holds, "{entries}");
        assert!(told.iter().filter(|line| line.starts_with("remove")).count() <= 1);
    }
}

#[test]
fn a_bad_entry_is_told_with_its_line_and_reading_goes_on() {
    let good = image("a", 1);
    for (old, new, message) in [
        ("<id>a</id>", "", "missing field \"id\""),
        ("<member id=\"1\"/>", "", "missing field \"member id\""),
        ("<timestamp>2024-05-01T01:00:00Z</timestamp>", "<timestamp/>", "missing field \"timestamp\""),
        (
            "2024-05-01T01",
            "yesterday",
            "\"yesterday:00:00Z\" is not a date, expected YYYY-MM-DD, perhaps with a time as in 2024-05-01T10:00Z",
        ),
        (&format!("<md5>{MD5}</md5>"), "", "missing field \"fingerprints\""),
        (MD5, "00", "a md5 hash has 32 hex digits or 24 base64 characters, found 2 characters"),
    ] {
        let list = document(&format!("{}\n{good}", good.replace(old, new)));
        let told = told(ListFormat::Ncmec, list);
        assert_eq!(told[0], format!("2:1: {message}"));
        assert!(told[1].starts_with("md5") && told.len() == 2, "{told:?}");
    }
}

#[test]
fn what_is_not_ncmecs_xml_ends_the_reading() {
    for (list, message) in [
        ("", "1:1: the file ends too early, expected an XML document"),
        ("<!-- -->", "1:1: the file ends too early, expected an XML document"),
        ("<feed>", "1:1: \"feed\" is no document, expected queryResult of NCMEC's hash sharing"),
        ("<queryResult>\n", "2:1: the file ends too early, expected the rest of the XML document"),
        (
            "<queryResult>\n<a></b></queryResult>",
            "2:1: not XML: ill-formed document: expected `</a>`, but `</b>` was found",
        ),
        ("<!DOCTYPE q [<!ENTITY e \"x\">]><queryResult>&e;</queryResult>", "1:1: not XML: unknown entity \"e\""),
        ("<queryResult/>\nmore", "2:1: not XML: text outside of the document"),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><queryResult/>",
            "1:1: not UTF-8 text, expected a file saved as UTF-8",
        ),
    ] {
        assert_eq!(told(ListFormat::Ncmec, list), [format!("broken: {message}")], "{list}");
    }
    assert_eq!(
        told(ListFormat::Ncmec, b"<queryResult><images>\xff</images></queryResult>"),
        ["broken: 1:1: not UTF-8 text, expected a file saved as UTF-8"]
    );
    let deep = told(ListFormat::Ncmec, format!("<queryResult>{}", "<a>".repeat(1000)));
    assert_eq!(deep[1..], ["broken: 1:1: not XML: elements stand too deep within each other"]);
}

#[test]
fn memory_is_bounded_by_one_entry() {
    let long = "x".repeat(MAX_ENTRY);
    let message = format!("the entry is longer than {MAX_ENTRY} bytes, expected entries of a list");
    for start in ["<queryResult><images><image><id>", "<queryResult a=\"", "<queryResult>", "<!--"] {
        assert_eq!(told(ListFormat::Ncmec, format!("{start}{long}")), [format!("broken: 1:1: {message}")], "{start}");
    }
    let many = document(&image("a", 1).repeat(MAX_ENTRY / 100));
    assert_eq!(told(ListFormat::Ncmec, many).len(), MAX_ENTRY / 100);
}

proptest! {
    #[test]
    fn deletions_agree_with_a_twin_that_remembers_everything(
        records in prop::collection::vec((0..4_u8, 0..6_u8, any::<bool>()), 0..16)
    ) {
        let mut entries = String::new();
        for (id, hour, is_deleted) in &records {
            let id = id.to_string();
            entries += &if *is_deleted { deleted(&id, *hour) } else { image(&id, *hour) };
        }
        let told = told(ListFormat::Ncmec, document(&entries));
        for id in 0..4 {
            let last = |deleted| {
                let times = records.iter().filter(|record| record.0 == id && record.2 == deleted).map(|record| record.1);
                times.max()
            };
            let holds = last(true).is_some_and(|deleted| last(false).is_none_or(|entered| entered <= deleted));
            prop_assert_eq!(told.contains(&format!("remove 1/{id}")), holds, "{} in {:?}", id, records);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(list in "(<[a/!?]{0,2}|>|&[a#x1;]{0,3}|image|[\"= ]){0,30}") {
        told(ListFormat::Ncmec, &list);
        told(ListFormat::Ncmec, document(&list));
    }
}

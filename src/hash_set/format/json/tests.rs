//! Every JSON format: a faithful sample of ours, bad rows, withdrawals; and what is common to all of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::testing::{assert_no_cut_is_silent, told};
use super::tape::MAX_ENTRY;
use crate::config::ListFormat;
use crate::content::{Algorithm, HashValue};

const MD5: &str = "00112233445566778899aabbccddeeff";
const SHA1: &str = "000102030405060708090a0b0c0d0e0f10111213";
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const PDQ: &str = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

/// Fields as in `te_threat_updates_fields` of the Python package `threatexchange`.
fn updates() -> Value {
    json!({
        "data": [
            {"id": "1", "indicator": PDQ, "type": "HASH_PDQ", "last_updated": 1_700_000_000, "should_delete": false,
             "descriptors": {"data": [
                {"id": "11", "owner": {"id": "71"}, "status": "MALICIOUS", "tags": ["tvec", "two words"],
                 "added_on": "2020-07-02T18:31:15+0000", "reactions": [{"key": "HELPFUL", "value": "72,73"}]},
                {"id": "12", "owner": {"id": "72"}, "status": "UNKNOWN", "tags": {"data": [{"id": "5", "text": "tvec"}]},
                 "added_on": "2020-07-01T18:31:15+0000", "my_reactions": ["SAW_THIS_TOO"]}]}},
            {"id": "2", "indicator": MD5.to_uppercase(), "type": "HASH_VIDEO_MD5", "should_delete": false,
             "descriptors": {"data": [{"status": "MALICIOUS", "tags": null}]}},
            {"id": "3", "indicator": MD5, "type": "HASH_MD5", "should_delete": true},
            {"id": "4", "indicator": "{\"and\":[{\"or\":[\"a\"]}],\"not\":[]}", "type": "TREND_QUERY",
             "should_delete": false, "descriptors": {"data": [{"status": "MALICIOUS"}]}},
            {"id": "5", "indicator": "198.51.100.1", "type": "IP_ADDRESS", "should_delete": false},
            {"id": "6", "indicator": SHA1, "type": "HASH_SHA1", "should_delete": false},
            {"id": "7", "indicator": SHA1, "type": "HASH_SHA1", "should_delete": false,
             "descriptors": {"data": [{"status": "NON_MALICIOUS"}]}},
            {"id": "8", "indicator": "https://example.org/", "type": "RAW_URI", "should_delete": "true"},
        ],
        "paging": {"cursors": {"after": "x"}, "next": "https://example.org/"},
    })
}

#[test]
fn threat_updates_are_listed_with_the_opinions_of_all_and_deleted_as_their_package_does() {
    let expected = [
        &format!(
            "pdq {PDQ}; id: 1; source: 71,72; tags: tvec two%20words status=MALICIOUS reaction=HELPFUL status=UNKNOWN \
             my_reaction=SAW_THIS_TOO; added: 2020-07-01T18:31:15+0000; updated: 1700000000"
        ),
        &format!("md5 {MD5}; id: 2; tags: video status=MALICIOUS"),
        &format!("remove 3 md5:{MD5}"),
        "trend_query {\"and\":[{\"or\":[\"a\"]}],\"not\":[]}; id: 4; tags: status=MALICIOUS",
        "ignore IP_ADDRESS",
        &format!("remove 6 sha1:{SHA1}"),
        &format!("remove 7 sha1:{SHA1}"),
        "remove 8",
    ];
    assert_eq!(told(ListFormat::ThreatUpdates, updates().to_string()), expected);
    let lines: Vec<String> = updates()["data"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(told(ListFormat::ThreatUpdates, lines.join("\n")), expected, "one a line");
    assert_eq!(told(ListFormat::ThreatUpdates, updates()["data"].to_string()), expected, "the array alone");
    assert_no_cut_is_silent(ListFormat::ThreatUpdates, &updates().to_string());
}

/// Fields as in `DescriptorFormatter.java` of te-tag-query-java, and as in "JSON examples" of the API's reference.
#[test]
fn descriptors_of_the_tag_query_tools_come_as_lines_and_as_downloads() {
    let line = json!({"id": "1", "td_raw_indicator": MD5, "td_indicator_type": "HASH_MD5",
        "added_on": "2020-07-02T19:56:05+0000", "last_updated": "2020-07-02T21:08:31+0000", "td_confidence": "100",
        "td_owner_id": "71", "td_owner_email": "a@example.org", "td_owner_name": "Example", "td_visibility": "VISIBLE",
        "td_review_status": "REVIEWED_MANUALLY", "td_status": "MALICIOUS", "td_severity": "INFO",
        "td_share_level": "AMBER", "td_subjective_tags": "pwny,testing", "td_description": "ours"});
    let download = json!([{"id": "2", "td_raw_indicator": PDQ, "td_indicator_type": "HASH_PDQ", "td_confidence": 50,
        "td_creation_time": 1_575_824_153, "td_update_time": 1_575_824_154, "td_status": "SUSPICIOUS",
        "td_owner": {"id": "72", "name": "Media"}, "td_subjective_tags": [{"id": "9", "td_name": "a b"}],
        "td_whitelist_apps": [{"id": "8", "name": "App"}], "td_privacy_groups": []},
        {"id": "3", "td_raw_indicator": MD5, "td_indicator_type": "HASH_MD5", "td_status": "NON_MALICIOUS"},
        {"id": "4", "td_raw_indicator": "a.example", "td_indicator_type": "DOMAIN"}]);
    assert_eq!(
        told(ListFormat::ThreatTags, format!("{line}\n{download}\n")),
        [
            &format!(
                "md5 {MD5}; id: 1; source: Example; confidence: 100; tags: pwny testing status=MALICIOUS severity=INFO \
                 share_level=AMBER review_status=REVIEWED_MANUALLY visibility=VISIBLE; added: 2020-07-02T19:56:05+0000; \
                 updated: 2020-07-02T21:08:31+0000; note: ours"
            ),
            &format!(
                "pdq {PDQ}; id: 2; source: Media; confidence: 50; tags: a%20b status=SUSPICIOUS; added: 1575824153; \
                 updated: 1575824154"
            ),
            &format!("remove 3 md5:{MD5}"),
            "ignore DOMAIN",
        ]
    );
    assert_no_cut_is_silent(ListFormat::ThreatTags, &download.to_string());
}

/// Fields as in `clients/stopncii/api.py`.
#[test]
fn stopncii_withdraws_by_the_status_of_the_hash() {
    let page = json!({"count": 6, "nextPageToken": "x", "nextSetTimestamp": 3, "hasMoreRecords": true, "hashRecords": [
        {"lastModtimestamp": 1, "signalType": "ImagePDQ", "hashValue": PDQ, "hashStatus": "Active",
         "caseNumbers": {"17": "Active", "18": "Withdrawn"},
         "CSPFeedbacks": [{"source": "Example", "feedbackValue": "Blocked", "tags": ["nude", "a b"]}]},
        {"lastModtimestamp": 2, "signalType": "VideoMD5", "hashValue": MD5, "hashStatus": "Received", "caseNumbers": {},
         "CSPFeedbacks": null},
        {"lastModtimestamp": 3, "signalType": "VideoMD5", "hashValue": MD5, "hashStatus": "Withdrawn", "caseNumbers": {}},
        {"lastModtimestamp": 4, "signalType": "ImagePDQ", "hashValue": PDQ, "hashStatus": "Deleted", "caseNumbers": {}},
        {"lastModtimestamp": 5, "signalType": "Unknown", "hashValue": "?", "hashStatus": "Active", "caseNumbers": {}},
        {"lastModtimestamp": 6, "signalType": "ImagePDQ", "hashValue": PDQ, "hashStatus": "Gone", "caseNumbers": {}}]});
    let expected = [
        &format!(
            "pdq {PDQ}; tags: status=Active case=17 case=18 feedback=Blocked feedback_source=Example nude a%20b; \
             updated: 1"
        ),
        &format!("md5 {MD5}; tags: video status=Received; updated: 2"),
        &format!("remove md5:{MD5}"),
        &format!("remove pdq:{PDQ}"),
        "ignore Unknown",
        "1:1: \"Gone\" is no hashStatus, expected Received, Active, Withdrawn or Deleted",
    ];
    assert_eq!(told(ListFormat::Stopncii, page.to_string()), expected);
    let twice = format!("{page}\n{page}").replace("Gone", "Active");
    assert_eq!(told(ListFormat::Stopncii, twice).len(), 12, "pages one behind the other");
    assert_no_cut_is_silent(ListFormat::Stopncii, &page.to_string());
    assert_eq!(told(ListFormat::Stopncii, "\n{\"error\": \"no key\"}"), ["broken: 2:1: missing field \"hashRecords\""]);
}

/// Fields as in the documentation of the hash list, version 2.
#[test]
fn tech_against_terrorism_deletes_by_flag() {
    let page = json!({"count": 3, "next": null, "previous": null, "checkpoint": "1700000000,3", "results": [
        {"hash_digest": SHA256, "algorithm": "SHA256", "ideology": "far-right", "file_type": "mp4", "deleted": false,
         "updated_on": "2024-05-02T10:00:00Z", "created_on": "2024-05-01T10:00:00Z", "id": 1},
        {"hash_digest": MD5, "algorithm": "MD5", "ideology": "islamist", "file_type": "jpg", "deleted": true, "id": 2},
        {"hash_digest": "?", "algorithm": "CRC32", "deleted": false, "id": 3}]});
    let expected = [
        &format!(
            "sha256 {SHA256}; id: 1; category: far-right; tags: file_type=mp4; added: 2024-05-01T10:00:00Z; \
             updated: 2024-05-02T10:00:00Z"
        ),
        &format!("remove 2 md5:{MD5}"),
        "ignore CRC32",
    ];
    assert_eq!(told(ListFormat::Tat, page.to_string()), expected);
    assert_eq!(told(ListFormat::Tat, page["results"].to_string()), expected, "version 1 is the array alone");
    assert_no_cut_is_silent(ListFormat::Tat, &page.to_string());
}

/// Fields as IPED, osTriage and others read and write them.
fn media() -> Value {
    json!([
        {"MediaID": 1, "Category": 1, "MD5": MD5.to_uppercase(), "SHA1": SHA1.to_uppercase(), "PhotoDNA": "AAECAw==",
         "MediaSize": "1024", "DateUpdated": "2025-01-02T03:04:05-05:00", "IsPrecategorized": "True",
         "PrecategorizationSource": "Example", "Series": "a series", "VictimIdentified": "false", "IsDistributed": true,
         "Tags": "one, two words", "Comments": "c", "Exifs": [{"PropertyName": "Make"}],
         "AlternativeHashes": [{"HashName": "PhotoDNA", "HashValue": "AAECAw=="},
            {"HashName": "SHA-256", "HashValue": SHA256}, {"HashName": "pHash", "HashValue": "0011"},
            {"HashName": "TMK", "HashValue": ""}]},
        {"MediaID": "2", "Category": null, "MD5": MD5, "SHA1": "", "AlternativeHashes": []},
        {"MediaID": 3, "Category": 0, "MD5": "xyz", "SHA1": SHA1},
        {"MediaID": 4, "Category": 0},
        {"MediaID": 5, "MD5": ["a"]},
    ])
}

fn told_of_media(line: u64) -> Vec<String> {
    let about = "; id: 1; category: 1; source: Example; tags: one two%20words size=1024 series=a%20series \
                 victim_identified=false distributed=true precategorized=true; updated: 2025-01-02T03:04:05-05:00; note: c";
    vec![
        format!("md5 {MD5}{about}"),
        format!("sha1 {SHA1}{about}"),
        format!("photodna AAECAw=={about}"),
        format!("sha256 {SHA256}{about}"),
        "ignore pHash".into(),
        format!("md5 {MD5}; id: 2"),
        format!("{line}:1: a md5 hash has 32 hex digits or 24 base64 characters, found 3 characters"),
        format!("sha1 {SHA1}; id: 3; category: 0"),
        format!("{line}:1: missing field \"MD5\""),
        format!("{line}:1: \"an array\" is no MD5, expected a text or a number"),
    ]
}

#[test]
fn vics_hash_sets_and_case_exports_of_both_versions_list_the_same() {
    let context = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media";
    let set = json!({"@odata.context": context, "value": media()});
    let case = json!({"odata.metadata": "http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Cases", "value": [
        {"CaseID": "c", "CaseMetadata": [{"PropertyName": "p"}], "Media": media(), "SourceApplicationName": "s"}]});
    for list in [&set, &case] {
        assert_eq!(told(ListFormat::Vics, list.to_string()), told_of_media(1));
        assert_eq!(told(ListFormat::Vics, format!("\u{feff}\r\n{list}\r\n")), told_of_media(2), "with a mark");
        assert_no_cut_is_silent(ListFormat::Vics, &list.to_string());
    }
    assert_eq!(told(ListFormat::Vics, "{\"data\": []}"), ["broken: 1:1: missing field \"value\""]);
}

/// Fields as in the MISP core format.
#[test]
fn misp_attributes_are_found_in_answers_events_objects_and_alone() {
    let attributes = json!([
        {"id": "1", "event_id": "9", "object_id": "0", "category": "Payload delivery", "type": "filename|md5",
         "to_ids": true, "uuid": "u-1", "timestamp": "1700000000", "deleted": false, "comment": "seen twice",
         "value": format!("a|b.jpg|{MD5}"), "Event": {"id": "9", "info": "i"}, "Tag": [{"name": "tlp:amber"}]},
        {"type": "sha256", "uuid": "u-2", "value": SHA256, "deleted": true},
        {"type": "sha1", "uuid": "u-3", "value": SHA1, "to_ids": "0"},
        {"type": "ip-dst", "uuid": "u-4", "value": "198.51.100.1"},
        {"type": "sha384", "uuid": "u-5", "value": "00"},
        {"type": "filename|md5", "uuid": "u-6", "value": MD5},
    ]);
    let expected = [
        &format!(
            "md5 {MD5}; id: u-1; category: Payload delivery; tags: tlp:amber event=9 file_name=a|b.jpg; \
             updated: 1700000000; note: seen twice"
        ),
        &format!("remove u-2 sha256:{SHA256}"),
        "ignore not for detection (to_ids)",
        "ignore ip-dst",
        "other_digest 00; id: u-5",
        &format!("1:1: \"{MD5}\" is no value, expected a file name and a hash with | between them"),
    ];
    let galaxy = json!([{"GalaxyCluster": [{"value": "x", "meta": {"refs": ["y"]}}]}]);
    let event = json!({"Event": {"id": "9", "Galaxy": galaxy, "Object": [{"name": "file", "Attribute": attributes}]}});
    for list in [
        json!({"response": {"Attribute": attributes}}),
        json!({"response": [{"Event": {"id": "9", "info": "i", "Galaxy": galaxy, "Attribute": attributes}}]}),
        event["Event"].clone(),
        event,
        attributes,
    ] {
        assert_eq!(told(ListFormat::MispJson, list.to_string()), expected, "{list}");
        assert_no_cut_is_silent(ListFormat::MispJson, &list.to_string());
    }
    // An entry may be told from what holds entries by what comes later, but not when there were some.
    let both = format!("[{{\"Event\": {{\"Attribute\": [{{}}]}}, \"value\": \"{MD5}\"}}]");
    assert_eq!(
        told(ListFormat::MispJson, both),
        [
            "1:1: missing field \"type\"",
            "1:1: \"Event\" stands in front of \"value\", expected it behind, or not at all",
        ]
    );
}

/// Objects as in the examples of STIX 2.1, §4.7 and §6.7.
#[test]
fn stix_lists_files_and_the_indicators_that_ask_for_no_more_than_a_hash() {
    let bundle = json!({"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "identity", "id": "identity--1", "name": "Example", "labels": ["x"]},
        {"type": "file", "spec_version": "2.1", "id": "file--1", "name": "a.exe",
         "hashes": {"MD5": MD5, "SHA-256": SHA256, "SSDEEP": "3:a:b", "X": "1"}},
        {"type": "indicator", "id": "indicator--1", "created": "2024-04-30T00:00:00Z", "modified": "2024-05-02T00:00:00Z",
         "created_by_ref": "identity--1", "confidence": 80, "labels": ["l"], "indicator_types": ["malicious-activity"],
         "pattern_type": "stix", "valid_from": "2024-05-01T00:00:00Z", "valid_until": "2025-05-01T00:00:00Z",
         "pattern": format!("[file:hashes.MD5 = '{MD5}' OR file:hashes.'SHA-1' = '{SHA1}']")},
        {"type": "indicator", "id": "indicator--2", "pattern_type": "stix", "revoked": true, "pattern": "[a:b = 'c']"},
        {"type": "indicator", "id": "indicator--3", "pattern_type": "snort", "pattern": "alert"},
        {"type": "indicator", "id": "indicator--4", "pattern_type": "stix", "pattern": "[a:b = 'c']"},
        {"type": "indicator", "id": "indicator--5", "pattern": format!("[file:hashes.MD5 != '{MD5}']")},
        {"type": "indicator", "id": "indicator--6", "pattern": "[file"},
        {"type": "process", "id": "process--1", "created": 1, "hashes": 2},
    ]});
    let about = "; id: indicator--1; source: identity--1; confidence: 80; tags: l malicious-activity \
                 valid_until=2025-05-01T00:00:00Z; added: 2024-05-01T00:00:00Z; updated: 2024-05-02T00:00:00Z";
    assert_eq!(
        told(ListFormat::Stix, bundle.to_string()),
        [
            "ignore identity",
            &format!("md5 {MD5}; id: file--1; note: a.exe"),
            &format!("sha256 {SHA256}; id: file--1; note: a.exe"),
            "ssdeep 3:a:b; id: file--1; note: a.exe",
            "ignore X",
            &format!("md5 {MD5}{about}"),
            &format!("sha1 {SHA1}{about}"),
            "remove indicator--2",
            "ignore snort",
            "ignore pattern without file hashes",
            "ignore pattern that needs more than a hash",
            "1:1: \"[file\" is no pattern, expected a STIX pattern such as [file:hashes.'SHA-256' = '…']",
            "ignore process",
        ]
    );
    assert_no_cut_is_silent(ListFormat::Stix, &bundle.to_string());
    assert_eq!(told(ListFormat::Stix, "{\"type\": \"bundle\", \"id\": \"bundle--1\"}"), [""; 0]);
}

#[test]
fn an_entry_of_wrong_types_is_a_bad_row_with_its_line_and_reading_goes_on() {
    let good = format!("{{\"hash_digest\": \"{MD5}\", \"algorithm\": \"MD5\"}}");
    for (bad, message) in [
        ("{}", "missing field \"algorithm\""),
        ("{\"algorithm\": \"MD5\"}", "missing field \"hash_digest\""),
        ("{\"algorithm\": {\"name\": \"MD5\"}}", "\"an object\" is no algorithm, expected a text or a number"),
        ("{\"algorithm\": \"MD5\", \"algorithm\": \"MD5\"}", "not an entry: duplicate field `algorithm`"),
        ("{\"algorithm\": \"\\ud800\"}", "not an entry: unexpected end of hex escape"),
        (
            "{\"algorithm\": \"MD5\", \"hash_digest\": \"00\", \"deleted\": \"maybe\"}",
            "\"maybe\" is no deleted, expected true or false",
        ),
        ("5", "\"a number\" is no entry, expected an object"),
        ("\"md5\"", "\"a text\" is no entry, expected an object"),
        ("true", "\"true or false\" is no entry, expected an object"),
    ] {
        let list = format!("{{\"results\": [\n{good},\n{bad},\n{good}]}}");
        let listed = format!("md5 {MD5}");
        assert_eq!(told(ListFormat::Tat, list), [listed.clone(), format!("3:1: {message}"), listed], "{bad}");
    }
}

#[test]
fn what_is_no_json_ends_the_reading_with_its_place() {
    for (list, message) in [
        ("", "1:1: the file ends too early, expected a JSON document"),
        (" \n ", "1:1: the file ends too early, expected a JSON document"),
        ("{\"results\": [\n  {\"a\": 1,}]}", "2:11: not JSON: key must be a string"),
        ("{\"results\": [\n  {\"a\" 1}]}", "2:8: not JSON: expected `:`"),
        ("{\"results\": []}\n]", "2:1: not JSON: expected value"),
        ("{\"results\": [{\"a\": \"", "1:20: the file ends too early, expected the rest of the JSON document"),
        ("<xml>", "1:1: not JSON: expected value"),
    ] {
        assert_eq!(told(ListFormat::Tat, list), [format!("broken: {message}")], "{list}");
    }
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let message = "this is text in UTF-16, expected UTF-8: save it as UTF-8 (in Excel \"CSV UTF-8\")";
    assert_eq!(told(ListFormat::Tat, utf16), [format!("broken: 1:1: {message}")]);
}

#[test]
fn memory_is_bounded_by_one_entry() {
    let long = "x".repeat(MAX_ENTRY + 1000);
    let message = format!("the entry is longer than {MAX_ENTRY} bytes, expected entries of a list");
    for list in [
        format!("{{\"results\": [{{\"a\": \"{long}"),
        format!("{{\"results\": [{{\"a\": {}", "[".repeat(MAX_ENTRY + 1000)),
        format!("{{\"{long}"),
        " ".repeat(MAX_ENTRY + 1000),
    ] {
        let told = told(ListFormat::Tat, list);
        assert!(told[0].contains(&message), "{told:?}");
    }
    let skipped = format!("{{\"other\": [{}1], \"value\": []}}", "\"x\", [{\"a\": 1}], ".repeat(MAX_ENTRY / 10));
    assert_eq!(told(ListFormat::Vics, skipped), [""; 0], "what is no entry may be long as a whole");
    let deep = format!("{{\"other\": {}", "[".repeat(10_000));
    assert!(told(ListFormat::Vics, deep)[0].contains("recursion limit exceeded"));
}

/// A text as some writers would write it: with every character escaped, or as it is.
fn written(text: &str, escaped: bool) -> String {
    if !escaped {
        return Value::from(text).to_string();
    }
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        entries in prop::collection::vec((any::<[u8; 32]>(), "\\PC{0,20}", any::<bool>(), any::<bool>()), 0..20),
        indent in 0..3_usize,
    ) {
        let mut expected = Vec::new();
        let mut results = Vec::new();
        for (bytes, id, escaped, deleted) in &entries {
            let hash = HashValue::from_bytes(Algorithm::Pdq, bytes).unwrap();
            let gap = ["", " ", "\n\t"][indent];
            results.push(format!(
                "{{{gap}\"id\":{gap}{},\"algorithm\":\"PDQ\",{gap}\"x\":[{{}},\"}}]\\\"\"],\"hash_digest\":\"{hash}\",\
                 \"deleted\":{deleted}{gap}}}",
                written(id, *escaped),
            ));
            let id = id.trim();
            expected.push(match (id, deleted) {
                ("", true) => format!("remove pdq:{hash}"),
                (id, true) => format!("remove {id} pdq:{hash}"),
                ("", false) => format!("pdq {hash}"),
                (id, false) => format!("pdq {hash}; id: {id}"),
            });
        }
        prop_assert_eq!(told(ListFormat::Tat, format!("{{\"results\":[{}]}}", results.join(","))), &expected[..]);
        if !results.is_empty() {
            prop_assert_eq!(told(ListFormat::Tat, results.join("\n")), expected);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(list in "[\\[\\]{}:,\"a1 ]{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for format in [ListFormat::ThreatUpdates, ListFormat::Vics, ListFormat::MispJson, ListFormat::Stix] {
            told(format, &list);
            told(format, &bytes);
        }
    }
}

#[test]
fn a_fault_is_told_by_its_column_in_characters() {
    let before = "х".repeat(100);
    for (text, place) in [
        ("{\"data\": [{\"id\": \"жя\" \"x\"}]}".to_owned(), "1:23:"),
        (format!("{{\"data\": [\n{{\"id\": \"{before}\" \"x\"}}]}}"), "2:111:"),
        (format!("{{\"{before}\":\n [\"я\" 1]}}"), "2:7:"),
    ] {
        let told = told(ListFormat::ThreatUpdates, &text);
        assert!(told.last().is_some_and(|line| line.starts_with(&format!("broken: {place}"))), "{told:?}");
    }
}

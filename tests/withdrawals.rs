//! What a provider takes back no longer matches after the next reload, in each format that can say so; and what a list says
//! beside its hashes reaches verdicts and rules.

use md5::{Digest as _, Md5};

use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Setup};
use crate::support::{sha256, wait_until};

fn md5(body: &str) -> String {
    Md5::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A format: its name, a list of the MD5 of its name, what is put beside it later, and more of the configuration.
struct Case {
    name: &'static str,
    listed: String,
    taken_back: String,
    config: &'static str,
}

/// Fills in the hash of `name`.
fn case(name: &'static str, config: &'static str, listed: &str, taken_back: &str) -> Case {
    let hash = md5(name);
    Case { name, listed: listed.replace("DIGEST", &hash), taken_back: taken_back.replace("DIGEST", &hash), config }
}

fn cases() -> Vec<Case> {
    let ncmec = |content: &str| {
        let namespace = "https://hashsharing.ncmec.org/hashsharing/v2";
        format!("<queryResult xmlns=\"{namespace}\"><images>{content}</images></queryResult>")
    };
    vec![
        case("csv", "", "algorithm,hash,id\nmd5,DIGEST,one\n", "algorithm,hash,id,status\n,,one,withdrawn\n"),
        case(
            "mapped-csv",
            "columns = { md5 = \"MD5\", id = \"Ref\", removed = { column = \"Status\", values = [\"gone\"] } }",
            "Ref,MD5,Status\none,DIGEST,here\n",
            "Ref,MD5,Status\none,DIGEST,gone\n",
        ),
        case(
            "threat-updates",
            "",
            r#"{"data":[{"id":"1","indicator":"DIGEST","type":"HASH_MD5","should_delete":false,
               "descriptors":{"data":[{"id":"2","owner":{"id":"3"},"status":"MALICIOUS","tags":["x"]}]}}]}"#,
            r#"{"data":[{"id":"1","indicator":"DIGEST","type":"HASH_MD5","should_delete":true}]}"#,
        ),
        case(
            "threat-tags",
            "",
            r#"[{"id":"1","td_raw_indicator":"DIGEST","td_indicator_type":"HASH_MD5","td_status":"MALICIOUS"}]"#,
            r#"[{"id":"1","td_raw_indicator":"DIGEST","td_indicator_type":"HASH_MD5","td_status":"NON_MALICIOUS"}]"#,
        ),
        case(
            "ncmec",
            "",
            &ncmec(
                "<image><member id=\"7\"/><timestamp>2025-01-01T00:00:00Z</timestamp><id>one</id>\
                 <classification>A1</classification><fingerprints><md5>DIGEST</md5></fingerprints></image>",
            ),
            &ncmec(
                "<deletedImage><member id=\"7\"/><id>one</id><timestamp>2025-02-01T00:00:00Z</timestamp></deletedImage>",
            ),
        ),
        case(
            "stopncii",
            "",
            r#"{"hashRecords":[{"lastModtimestamp":1,"signalType":"VideoMD5","hashValue":"DIGEST","hashStatus":"Active"}]}"#,
            r#"{"hashRecords":[{"lastModtimestamp":2,"signalType":"VideoMD5","hashValue":"DIGEST","hashStatus":"Withdrawn"}]}"#,
        ),
        case(
            "tat",
            "",
            r#"{"results":[{"hash_digest":"DIGEST","algorithm":"MD5","ideology":"far-right","deleted":false,"id":1}]}"#,
            r#"{"results":[{"hash_digest":"DIGEST","algorithm":"MD5","ideology":"far-right","deleted":true,"id":1}]}"#,
        ),
        case(
            "misp-json",
            "",
            r#"{"response":{"Attribute":[{"uuid":"u-1","type":"md5","value":"DIGEST","to_ids":true,"deleted":false}]}}"#,
            r#"{"response":{"Attribute":[{"uuid":"u-1","type":"md5","value":"DIGEST","to_ids":true,"deleted":true}]}}"#,
        ),
        case(
            "misp-csv",
            "",
            "uuid,event_id,category,type,value,comment,to_ids,date,deleted\nu-1,1,Payload,md5,DIGEST,,1,2025-01-01,0\n",
            "uuid,event_id,category,type,value,comment,to_ids,date,deleted\nu-1,1,Payload,md5,DIGEST,,1,2025-01-01,1\n",
        ),
        case(
            "stix",
            "",
            r#"{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--1","pattern_type":"stix",
               "pattern":"[file:hashes.MD5 = 'DIGEST']","labels":["x"]}]}"#,
            r#"{"type":"bundle","id":"bundle--2","objects":[{"type":"indicator","id":"indicator--1","pattern_type":"stix",
               "pattern":"[file:hashes.MD5 = 'DIGEST']","revoked":true}]}"#,
        ),
    ]
}

#[test]
fn a_withdrawn_entry_of_every_format_that_has_them_stops_matching_at_the_next_reload() {
    let origin = Origin::start();
    let mut setup = Setup::new(&[origin.address]).with(ENFORCING);
    for case in cases() {
        let Case { name, listed, config, .. } = &case;
        setup = setup
            .with_folder(name)
            .with_file(&format!("{name}/1"), listed.as_bytes())
            .with(&format!("[[hash_set]]\nname = \"{name}\"\npath = \"{name}\"\n{config}\n"));
    }
    let penstock = setup.start();
    let status = |name: &str| penstock.post("/upload/a", &[], name.as_bytes()).status;
    for case in cases() {
        assert_eq!(status(case.name), 451, "{}: listed", case.name);
        penstock.write(&format!("{}/2", case.name), case.taken_back.as_bytes());
        wait_until(case.name, || status(case.name) == 200);
    }
    assert_eq!(penstock.metric("penstock_loaded_hashes"), 0.0);
}

#[test]
fn a_file_that_changes_in_a_folder_is_compiled_alone() {
    let origin = Origin::start();
    let list = |body: &str| format!("algorithm,hash\nsha256,{}\n", sha256(body.as_bytes())).into_bytes();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_folder("sets")
        .with_file("sets/1-base.csv", &list("base"))
        .with_file("sets/2-day.csv", &list("monday"))
        .with("[[hash_set]]\nname = \"known\"\npath = \"sets\"\n")
        .start();
    let status = |body: &str| penstock.post("/upload/a", &[], body.as_bytes()).status;
    let compiled = || {
        let files = std::fs::read_dir(penstock.path("cache/compiled")).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = compiled();
    assert_eq!((before.len(), status("base"), status("monday"), status("tuesday")), (2, 451, 451, 200));
    penstock.replace("sets/2-day.csv", &list("tuesday"));
    penstock.wait_for_generation(2);
    assert_eq!((status("base"), status("monday"), status("tuesday")), (451, 200, 451));
    let after = compiled();
    assert!(after.len() == 3 && before.iter().all(|file| after.contains(file)), "{before:?}, {after:?}");
}

#[test]
fn a_compiled_set_is_loaded_and_replaced_as_it_is() {
    let origin = Origin::start();
    let list = |body: &str| format!("algorithm,hash\nsha256,{}\n", sha256(body.as_bytes())).into_bytes();
    let setup =
        Setup::new(&[origin.address]).with(ENFORCING).with("[[hash_set]]\nname = \"known\"\npath = \"known.pset\"\n");
    let setup = setup.with_file("one.csv", &list("one")).with_file("two.csv", &list("two"));
    let setup = setup.with_compiled("one.csv", "known.pset").with_compiled("two.csv", "two.pset");
    let mut penstock = setup.start();
    let status = |penstock: &crate::support::penstock::Penstock, body: &str| {
        penstock.post("/upload/a", &[], body.as_bytes()).status
    };
    assert_eq!((status(&penstock, "one"), status(&penstock, "two")), (451, 200));
    // `cp` writes into the file that is there: what is mapped must be something else.
    std::fs::copy(penstock.path("two.pset"), penstock.path("known.pset")).unwrap();
    penstock.wait_for_generation(2);
    assert_eq!((status(&penstock, "one"), status(&penstock, "two")), (200, 451));
    let whole = std::fs::read(penstock.path("known.pset")).unwrap();
    penstock.write("known.pset", &whole[..whole.len() / 2]);
    wait_until("the reload fails", || penstock.metric("penstock_reload_failing") == 1.0);
    assert_eq!(status(&penstock, "two"), 451);
    assert!(penstock.log_text().contains("it was cut off or copied badly"));
    penstock.write("known.pset", &whole);
    wait_until("the reload is repaired", || penstock.metric("penstock_reload_failing") == 0.0);
    penstock.restart();
    assert_eq!(status(&penstock, "two"), 451);
}

#[test]
fn what_a_list_says_of_an_entry_comes_back_in_the_match() {
    let origin = Origin::start();
    let list = format!(
        "algorithm,hash,id,label,category,source,confidence,tags,added,updated,note\n\
         md5,{},case-1,terror,A1,flagger,high,video size=7,2024-05-01,2024-05-02,seen twice\n",
        md5("listed")
    );
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_file("known.csv", list.as_bytes())
        .with("[[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n")
        .start();
    assert_eq!(penstock.post("/upload/a", &[], b"listed").status, 451);
    let found = penstock.next_verdict()["matches"][0].clone();
    for (field, expected) in [
        ("entry", "case-1"),
        ("category", "A1"),
        ("source", "flagger"),
        ("confidence", "high"),
        ("tags", "video size=7"),
        ("added", "2024-05-01"),
        ("updated", "2024-05-02"),
        ("note", "seen twice"),
    ] {
        assert_eq!(found[field], expected, "{field}");
    }
    assert_eq!(found["labels"][0], "terror");
}

#[test]
fn a_trend_query_of_a_list_is_a_rule_and_photodna_is_kept_and_told() {
    let origin = Origin::start();
    let list = r#"{"data":[
        {"id":"5","indicator":"{\"and\":[{\"or\":[\"turnip\",\"beet\"]}],\"not\":[\"recipe\"]}","type":"TREND_QUERY",
         "should_delete":false,"descriptors":{"data":[{"id":"2","owner":{"id":"3"},"status":"MALICIOUS","tags":["x"]}]}},
        {"id":"6","indicator":"1,2,3","type":"HASH_PHOTODNA",
         "should_delete":false,"descriptors":{"data":[{"id":"2","owner":{"id":"3"},"status":"MALICIOUS","tags":["x"]}]}}]}"#;
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_file("known.json", list.as_bytes())
        .with_file("dna.csv", b"algorithm,hash,id\nphotodna,\"1,2,3\",one\n")
        .with(
            "[[hash_set]]\nname = \"known\"\npath = \"known.json\"\n[[hash_set]]\nname = \"dna\"\npath = \"dna.csv\"\n",
        )
        .start();
    let status = |body: &str| penstock.post("/upload/a", &[("content-type", "text/plain")], body.as_bytes()).status;
    assert_eq!((status("A Turnip!"), status("a turnip recipe"), status("a carrot")), (451, 200, 200));
    let (said, code) = penstock.command(&["check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("as keyword rules: 1 trend_query"), "{said}");
    assert!(said.contains("dna                  kept without matching: 1 photodna"), "{said}");
}

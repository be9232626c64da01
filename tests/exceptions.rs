//! What is not blocked although it is listed: exceptions, and pictures that show nothing.

use image::{DynamicImage, Rgb, RgbImage};
use serde_json::json;

use crate::support::archives::{ZipEntry, zip};
use crate::support::http::form_with_file;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{hash64s, landscape, pdq, pdq_turned, png, webp};
use crate::support::sha256;

const LISTS: &str = "[[hash_set]]\nname = \"partner\"\npath = \"partner.csv\"\n\
                     [[hash_set]]\nname = \"overturned\"\npath = \"overturned.csv\"\naction = \"allow\"\n";

fn list(rows: &[(&str, &str, &str)]) -> Vec<u8> {
    let rows = rows.iter().map(|(algorithm, hash, id)| format!("{algorithm},{hash},l,{id}\n"));
    format!("algorithm,hash,label,id\n{}", rows.collect::<String>()).into_bytes()
}

fn start(origin: &Origin, blocked: &[(&str, &str, &str)], allowed: &[(&str, &str, &str)], more: &str) -> Penstock {
    Setup::new(&[origin.address])
        .with_top("rules = [\"rules.toml\"]\n")
        .with_file("rules.toml", b"[[rule]]\nid = \"turnip\"\nkeywords = [\"forbidden turnip\"]\n")
        .with_file("partner.csv", &list(blocked))
        .with_file("overturned.csv", &list(allowed))
        .with(ENFORCING)
        .with(LISTS)
        .with(more)
        .start()
}

#[test]
fn an_exception_beats_every_set_and_both_matches_are_recorded() {
    let origin = Origin::start();
    let digest = sha256(b"the site's logo");
    let penstock = start(&origin, &[("sha256", &digest, "bad-row")], &[("sha256", &digest, "logo")], "");
    assert_eq!(penstock.post("/upload/a", &[], b"the site's logo").status, 200);
    let logged = penstock.next_verdict();
    assert_eq!((logged["verdict"].as_str(), logged["if_enforced"].as_str()), (Some("allow"), Some("allow")));
    let found = |set: &str| {
        let matches = logged["matches"].as_array().unwrap();
        matches.iter().find(|found| found["set"] == set).unwrap_or_else(|| panic!("{set} in {logged}")).clone()
    };
    let (beaten, exception) = (found("partner"), found("overturned"));
    assert_eq!((&beaten["mode"], &beaten["marks"]), (&json!("monitor"), &json!(["exempted"])));
    assert_eq!((&exception["action"], &exception["mode"]), (&json!("allow"), &json!("enforce")));
    assert!(exception.get("marks").is_none());
    for metric in [
        "penstock_matches_total{source=\"overturned\",action=\"allow\",mode=\"enforce\"}",
        "penstock_matches_total{source=\"partner\",action=\"block\",mode=\"monitor\"}",
        "penstock_matches_held_back_total{source=\"partner\",mark=\"exempted\"}",
    ] {
        assert_eq!(penstock.metric(metric), 1.0, "{metric}");
    }
}

#[test]
fn an_exception_reaches_no_further_than_its_part() {
    let origin = Origin::start();
    let (logo, listed) = (sha256(b"logo"), sha256(b"listed"));
    let penstock =
        start(&origin, &[("sha256", &logo, "bad-row"), ("sha256", &listed, "one")], &[("sha256", &logo, "logo")], "");
    let archive =
        |names: &[&str]| zip(&names.iter().map(|name| ZipEntry::stored(name, name.as_bytes())).collect::<Vec<_>>());
    for (names, status) in [(&["logo"][..], 200), (&["logo", "listed"], 451), (&["other", "listed"], 451)] {
        let (content_type, form) = form_with_file("a.zip", &archive(names));
        let found = penstock.post("/upload/a", &[("Content-Type", &content_type)], &form).status;
        assert_eq!(found, status, "{names:?}");
    }
    let text = sha256(b"a forbidden turnip");
    let penstock = start(&origin, &[], &[("sha256", &text, "text")], "");
    assert_eq!(penstock.post("/upload/a", &[], b"a forbidden turnip").status, 451, "a rule is not beaten");
    let broken = &png(&landscape(64, 64, 1))[..500];
    let penstock = start(
        &origin,
        &[("pdq", &pdq(&png(&landscape(64, 64, 2))), "any")],
        &[("sha256", &sha256(broken), "broken")],
        "",
    );
    assert_eq!(penstock.post("/upload/a", &[], broken).status, 422, "nor is a doubt");
}

#[test]
fn an_exception_for_a_picture_is_narrow_and_counts_turned_around_too() {
    let origin = Origin::start();
    let (picture, other) = (landscape(320, 240, 3), landscape(320, 240, 8));
    let bytes = png(&picture);
    let blocked = [("pdq", pdq(&bytes), "bad-row"), ("pdq", pdq(&png(&other)), "one")];
    let blocked = blocked.each_ref().map(|(algorithm, hash, id)| (*algorithm, hash.as_str(), *id));
    let turned = pdq_turned(&bytes, 5);
    let penstock = start(&origin, &blocked, &[("pdq", &turned, "mirrored")], "");
    let copy = webp(&picture);
    assert_eq!(penstock.post("/upload/a", &[], &copy).status, 200, "a copy of a picture whose mirror image is allowed");
    assert_eq!(penstock.post("/upload/a", &[], &png(&other)).status, 451);

    // Twenty bits off: within the radius of a set that blocks, and not of one that allows.
    let mut bits = data_encoding::HEXLOWER.decode(pdq(&bytes).as_bytes()).unwrap();
    bits[..20].iter_mut().for_each(|byte| *byte ^= 1);
    let near = data_encoding::HEXLOWER.encode(&bits);
    let penstock = start(&origin, &blocked, &[("pdq", &near, "near")], "");
    assert_eq!(penstock.post("/upload/a", &[], &bytes).status, 451);
    let penstock = start(&origin, &blocked, &[("pdq", &near, "near")], "max_distance = { pdq = 20 }\n");
    assert_eq!(penstock.post("/upload/a", &[], &bytes).status, 200);
}

#[test]
fn an_exception_can_be_tried_or_limited_to_a_route() {
    let origin = Origin::start();
    let digest = sha256(b"logo");
    let rows = [("sha256", digest.as_str(), "logo")];
    let penstock = start(&origin, &rows, &rows, "mode = \"monitor\"\n");
    assert_eq!(penstock.post("/upload/a", &[], b"logo").status, 451);
    let penstock = Setup::new(&[origin.address])
        .with("[[route]]\nname = \"avatars\"\npath = \"/upload/avatar\"\ninspect = \"enforce\"\n")
        .with(ENFORCING)
        .with_known("sha256", &digest)
        .with_file("logos.csv", &list(&rows))
        .with("[[hash_set]]\nname = \"logos\"\npath = \"logos.csv\"\naction = \"allow\"\nenforce_routes = [\"avatars\"]\n")
        .start();
    assert_eq!(penstock.post("/upload/avatar", &[], b"logo").status, 200);
    assert_eq!(penstock.post("/upload/elsewhere", &[], b"logo").status, 451);
}

#[test]
fn scan_shows_exceptions_and_what_they_beat() {
    let origin = Origin::start();
    let digest = sha256(b"logo");
    let penstock = start(&origin, &[("sha256", &digest, "bad-row")], &[("sha256", &digest, "logo")], "");
    penstock.write("logo.bin", b"logo");
    let file = penstock.path("logo.bin");
    let (said, code) = penstock.command(&["scan", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains(
            "hash set partner, entry bad-row: sha256 at distance 0 [l], block (monitor), exempted by an allow set"
        ),
        "{said}"
    );
    assert!(said.contains("hash set overturned, entry logo: sha256 at distance 0 [l], allow (enforce)\n"), "{said}");
    let (said, _) = penstock.command(&["scan", "--json", file.to_str().unwrap()]);
    let object: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(object["matches"][0]["marks"], json!(["exempted"]));
}

fn drawn(light: impl Fn(f32, f32) -> f32) -> Vec<u8> {
    png(&DynamicImage::ImageRgb8(RgbImage::from_fn(320, 240, |x, y| {
        Rgb([(light(x as f32 / 320.0, y as f32 / 240.0) * 255.0).clamp(0.0, 255.0) as u8; 3])
    })))
}

/// What the same pictures got from the Python package `pdqhash` 0.2.8, in the order below, with qualities of 0, 44, 44, 0
/// and 100; and what gradients and stripes got here before such pictures were told apart.
const PDQ_OF_NOTHING: [&str; 8] = [
    "00001134000000000000cc53000011340000554b000011341134cc53554b2c4b",
    "5557d4ac48aaa4b3ad55d2c88cf1938c6c952a95e92b156badf4ccb789255555",
    "0d0d610e0014063958870552120515a9ac9a638108dd72456b74404f21638745",
    "cbe6c4141c477e9c9166f49c11672adc1da27f0c100ef71c9934f7583c317f1b",
    "0000202a0000202a5d5500005d55202a000000005d555d5500005d5575d5820a",
    "355b5b7b88a175b28d659956ae535d3a2e54d55aad4b1529346d4c9511ab2556",
    "560a165f411145dd414c01b315401c3b3117b13310ca0ec96904014f855546c5",
    "00000000000020aa5d555d555d5520aa20aa00005d555d5500005d55f5d5020a",
];

#[test]
fn pictures_that_show_nothing_never_match_and_a_real_one_on_the_same_list_does() {
    let origin = Origin::start();
    let real = png(&landscape(320, 240, 3));
    let plain = [
        ("flat", drawn(|_, _| 0.8)),
        ("gradient", drawn(|x, _| x)),
        ("gradient upwards", drawn(|_, y| 1.0 - y)),
        ("gradient to a corner", drawn(|x, y| (x + y) / 2.0)),
        ("stripes", drawn(|x, _| (x * 16.0).floor() % 2.0)),
    ];
    let mut rows: Vec<(String, String)> = vec![("pdq".into(), pdq(&real))];
    for (_, picture) in &plain {
        rows.extend(hash64s(picture));
    }
    let constant = ["0", "f"].map(|digit| digit.repeat(64));
    let of_nothing = PDQ_OF_NOTHING.map(str::to_owned).into_iter().chain(constant);
    rows.extend(of_nothing.map(|hash| ("pdq".to_owned(), hash)));
    let lines: String =
        rows.iter().enumerate().map(|(at, (algorithm, hash))| format!("{algorithm},{hash},{at}\n")).collect();
    let penstock = Setup::new(&[origin.address])
        .with("[[route]]\nname = \"strict\"\npath = \"/upload/strict\"\ninspect = \"enforce\"\nunhashable = \"refuse\"\n")
        .with(ENFORCING)
        .with_file("list.csv", format!("algorithm,hash,id\n{lines}").as_bytes())
        .with("[[hash_set]]\nname = \"list\"\npath = \"list.csv\"\nmin_quality = 0\nmax_distance = { pdq = 64, ahash = 8, dhash = 8, phash = 3 }\n")
        .start();
    for (what, picture) in &plain {
        assert_eq!(penstock.post("/upload/a", &[], picture).status, 200, "{what}");
        let logged = penstock.next_verdict();
        assert!(logged.get("matches").is_none(), "{what}: {logged}");
        let doubts = logged["doubts"].to_string();
        assert!(doubts.contains("unhashable") && doubts.contains("picture_"), "{what}: {doubts}");
    }
    assert_eq!(penstock.post("/upload/a", &[], &real).status, 451);
    let refused = penstock.post("/upload/strict", &[], &plain[4].1);
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("picture_degenerate")));
}

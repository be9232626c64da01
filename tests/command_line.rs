//! The command line: what it says, and with which exit code.
//!
//! Every message a person reads is a snapshot beside this file: `cargo insta review`, or `INSTA_UPDATE=always`.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::support::penstock::BINARY;
use crate::support::pictures::{landscape, png, resized};
use crate::support::{penstock_in as penstock, repository, sha256};

fn json_lines(folder: &Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let output = Command::new(BINARY).args(arguments).current_dir(folder).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const CONFIG: &str = "rules = [\"rules.toml\"]\n[[listener]]\naddress = \"127.0.0.1:1\"\n\
    [[origin]]\nname = \"site\"\nservers = [\"127.0.0.1:2\"]\n\
    [[route]]\nname = \"strict\"\npath = \"/a\"\ninspect = \"enforce\"\n\
    [[route]]\nname = \"watched\"\npath = \"/b\"\ninspect = \"monitor\"\n\
    [[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n\
    [server]\nworker = false\n";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("penstock.toml"), CONFIG).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

#[test]
fn help_teaches() {
    let here = repository("");
    assert_snapshot!("help", penstock(&here, &["--help"]));
    for command in ["run", "check", "hash", "scan", "rollout", "quarantine"] {
        assert_snapshot!(format!("help_{command}"), penstock(&here, &[command, "--help"]));
    }
    for command in ["compile", "info", "diff", "export", "query"] {
        assert_snapshot!(format!("help_set_{command}"), penstock(&here, &["set", command, "--help"]));
    }
    for command in ["test", "explain", "lint", "schema"] {
        assert_snapshot!(format!("help_rules_{command}"), penstock(&here, &["rules", command, "--help"]));
    }
    for command in ["compile", "query"] {
        assert_snapshot!(format!("help_texts_{command}"), penstock(&here, &["texts", command, "--help"]));
    }
    assert!(penstock(&here, &["chekc"]).ends_with("exit code 2"));
}

#[test]
fn check_says_what_is_loaded() {
    let known = format!("algorithm,hash\nsha256,{}\nmd5,{}\n", sha256(b"x"), "0".repeat(32));
    let folder =
        folder(&[("known.csv", known.as_bytes()), ("rules.toml", b"[[rule]]\nid = \"a\"\nkeywords = [\"x\"]\n")]);
    assert_snapshot!(penstock(folder.path(), &["check", "-c", "penstock.toml"]));
}

#[test]
fn check_lists_all_problems_of_all_files_at_once() {
    let folder = folder(&[
        (
            "known.csv",
            b"algorithm,hash,label,id\nmd5,00,x,1\nsha265,00,x,2\npdq,zz,x,1\nmd5,00112233445566778899aabbccddeeff\n",
        ),
        ("rules.toml", b"[[rule]]\nid = \"a\"\nkeyword = [\"x\"]\n[[rule]]\nid = \"B\"\nkeywords = []\n"),
    ]);
    assert_snapshot!(penstock(folder.path(), &["check", "-c", "penstock.toml"]));
    fs::write(folder.path().join("penstock.toml"), CONFIG.replace("monitor", "watch")).unwrap();
    assert_snapshot!("check_of_a_broken_configuration", penstock(folder.path(), &["check", "-c", "penstock.toml"]));
    assert_snapshot!("check_without_a_configuration", penstock(folder.path(), &["check", "-c", "none.toml"]));
}

#[test]
fn check_looks_names_of_origins_up_when_it_may_ask() {
    let folder = folder(&[
        ("known.csv", b"algorithm,hash,id\nmd5,00112233445566778899aabbccddeeff,1\n"),
        ("rules.toml", b"[[rule]]\nid = \"a\"\nkeywords = [\"turnip\"]\n"),
    ]);
    let config = CONFIG.replace("127.0.0.1:2", "no.such.host.invalid:80");
    fs::write(folder.path().join("penstock.toml"), config).unwrap();
    for (flags, is_told) in [(&[][..], false), (&["--fetch"], true)] {
        let said = penstock(folder.path(), &[&["check", "-c", "penstock.toml"], flags].concat());
        assert!(said.contains("ok: "), "{said}");
        assert_eq!(said.contains("origin \"site\": no.such.host.invalid:80 is not known here"), is_told, "{said}");
    }
}

#[test]
fn check_tries_certificates_too() {
    let folder =
        folder(&[("known.csv", b"algorithm,hash\n"), ("rules.toml", b""), ("cert.pem", b"none"), ("key.pem", b"none")]);
    let tls = "address = \"127.0.0.1:1\"\ntls = { certificate = \"cert.pem\", key = \"key.pem\" }";
    fs::write(folder.path().join("penstock.toml"), CONFIG.replace("address = \"127.0.0.1:1\"", tls)).unwrap();
    assert_snapshot!(penstock(folder.path(), &["check", "-c", "penstock.toml"]));
}

#[test]
fn check_lists_all_mistakes_of_a_configuration_and_says_what_to_write() {
    let folder = folder(&[]);
    let config = r#"rules = "rules.toml"
[server]
threads = "2"
[limits]
upload_timeout = 60
memory_totl = "1 MiB"
[[listener]]
address = "localhost:8080"
[[listener]]
address = "127.0.0.1:9180"
[[listener]]
tls = { certificate = "none.pem" }
[[origin]]
name = "site"
servers = "127.0.0.1:3000"
[[origin]]
name = "other"
servers = ["https://backend.example"]
[[route]]
name = "uploads"
inspect = "enforced"
block_status = "451"
origin = "sitte"
[[route]]
path = "upload"
[text_list]
name = "a"
"#;
    fs::write(folder.path().join("penstock.toml"), config).unwrap();
    assert_snapshot!(penstock(folder.path(), &["check", "-c", "penstock.toml"]));
    for (config, said) in [
        ("", "at least one [[listener]] with an address is needed"),
        ("listener:\n  - address: 127.0.0.1:80\n", "penstock.toml:1:"),
        ("a = \nb = \n", "penstock.toml:2:"),
    ] {
        fs::write(folder.path().join("penstock.toml"), config).unwrap();
        let all = penstock(folder.path(), &["check", "-c", "penstock.toml"]);
        assert!(all.contains(said) && all.ends_with("exit code 1"), "{config}: {all}");
    }
}

#[test]
fn check_warns_of_what_is_in_order_and_hardly_meant() {
    let folder = folder(&[("known.csv", b"algorithm,hash\n"), ("rules.toml", b"")]);
    let config = CONFIG.replace(
        "[[route]]\nname = \"strict\"\npath = \"/a\"",
        "[[route]]\nname = \"all\"\ninspect = \"off\"\n\
            [[route]]\nname = \"strict\"\nmethods = [\"UPLOAD\", \"PSOT\"]\npath = \"/a\"",
    ) + "[limits]\nmemory_per_upload = \"1 GiB\"\n";
    fs::write(folder.path().join("penstock.toml"), config).unwrap();
    assert_snapshot!(penstock(folder.path(), &["check", "-c", "penstock.toml"]));
    let bare = "[[listener]]\naddress = \"127.0.0.1:1\"\n[[origin]]\nname = \"site\"\nservers = [\"127.0.0.1:2\"]\n";
    let route = "[[route]]\nname = \"a\"\ninspect = ";
    for (config, said) in [
        (bare.to_owned(), "there is no [[route]]"),
        (format!("{bare}{route}\"off\"\n"), "no route inspects"),
        (format!("{bare}{route}\"enforce\"\n"), "there is nothing to compare uploads with"),
    ] {
        fs::write(folder.path().join("penstock.toml"), config).unwrap();
        let all = penstock(folder.path(), &["check", "-c", "penstock.toml"]);
        assert!(all.contains(&format!("warning: penstock.toml: {said}")) && all.ends_with("exit code 0"), "{all}");
        let all = penstock(folder.path(), &["check", "-c", "penstock.toml", "--deny-warnings"]);
        assert!(all.contains("--deny-warnings takes for problems") && all.ends_with("exit code 1"), "{all}");
    }
    for (second, said) in [
        ("127.0.0.1:1", "127.0.0.1:1 is a [[listener]] already, in line 2"),
        ("0.0.0.0:1", "0.0.0.0:1 overlaps the [[listener]] in line 2"),
        ("127.0.0.1:9180", "127.0.0.1:9180 is the default address of [admin]"),
    ] {
        let config = format!("{bare}[[listener]]\naddress = \"{second}\"\n");
        fs::write(folder.path().join("penstock.toml"), config).unwrap();
        let all = penstock(folder.path(), &["check", "-c", "penstock.toml"]);
        assert!(all.contains(said) && all.ends_with("exit code 1"), "{all}");
    }
}

#[test]
fn what_is_written_as_for_another_program_is_explained() {
    let folder = folder(&[("known.csv", b"algorithm,hash\n"), ("rules.toml", b"")]);
    let said = |config: &str| {
        fs::write(folder.path().join("penstock.toml"), config).unwrap();
        penstock(folder.path(), &["check", "-c", "penstock.toml"])
    };
    for (config, expected) in [
        ("{\"listener\": []}", "1:1: this looks like JSON"),
        ("# c\nlistener:\n  - address: 127.0.0.1:80\n", "2:1: this looks like YAML"),
        ("server {\n  listen 80;\n}\n", "1:1: this looks like the configuration of another server"),
        ("<!DOCTYPE html>\n", "1:1: this looks like a web page"),
        ("[server]\nstate_directory = \u{201c}state\u{201d}\n", "2:19: expected straight quotes"),
        ("[server]\nthreads = 1\nthreads = 2\n", "3:1: \"threads\" is set already"),
        ("[server]\nrules = [\"rules\"]\n", "; rules goes before the first [table] of the file"),
        ("[server]\ndecode_deadline = \"1s\"\n", "; it is an option of [limits]"),
        ("[[rules]]\npath = \"rules\"\n", "1:1: write rules = [\"folder\"] before the first [table]"),
        ("[limits]\nupload_timeout = \"5M\"\n", "2:18: \"5M\" would be months"),
        ("[limits]\nmax_parts = 0\n", "2:13: invalid value: integer `0`, expected a number, at least 1"),
        ("[[route]]\ninspect = true\n", "2:11: unknown variant \"true\", expected one of \"off\""),
        ("[[route]]\nhost = \"a.com:80\"\n", "2:8: expected a host name"),
        ("[[route]]\nhost = \"b\u{fc}cher.de\"\n", ": clients send \"xn--bcher-kva.de\""),
        ("[[route]]\nmethods = [\"post\"]\n", "(did you mean \"POST\"?)"),
        ("[[origin]]\nservers = [\"backend\"]\n", "2:12: \"backend\" is not a server"),
    ] {
        let all = said(config);
        assert!(all.contains(expected) && all.ends_with("exit code 1"), "{config}: {all}");
    }
    for (option, expected) in [
        ("path = \"/upload/.*\"", "this is no regular expression"),
        ("path = \"/upload/:id\"", "variables are not known here"),
        ("path = \"/up%6Coad\"", "write the path as it is read"),
        ("methods = []", "route \"watched\" has no method"),
        ("[admin]\naddress = \"0.0.0.0:9180\"", "reaches the admin listener, which asks for no password"),
        ("[[origin]]\nname = \"loop\"\nservers = [\"localhost:1\"]", "this is Penstock itself"),
        ("[limits]\nspool_directory = \"/proc\"", "no file can be made in this folder"),
    ] {
        let config =
            CONFIG.replace("path = \"/b\"\ninspect = \"monitor\"\n", &format!("inspect = \"monitor\"\n{option}\n"));
        let all = said(&config);
        let warning = all.lines().find(|line| line.starts_with("warning") && line.contains(expected));
        assert!(warning.is_some() && all.ends_with("exit code 0"), "{option}: {all}");
    }
}

#[test]
fn a_file_that_got_in_the_place_of_a_list_is_called_what_it_is() {
    let list = format!("algorithm;hash\nsha256;{}\n", sha256(b"x"));
    let utf16: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, expected) in [
        (&b"<!DOCTYPE html><title>Sign in</title>"[..], "this is a web page, not a list"),
        (b"{\"error\": \"invalid token\"}", "this looks like what a server answers when it has no list"),
        (list.as_bytes(), "fields are separated by ';', expected ','"),
        (&utf16, "this is text in UTF-16"),
        (b"PK\x03\x04", "this is a ZIP file or an Excel workbook"),
    ] {
        let folder = folder(&[("known.csv", content), ("rules.toml", b"")]);
        for arguments in [
            &["check", "-c", "penstock.toml"][..],
            &["set", "info", "known.csv"],
            &["set", "compile", "known.csv", "-o", "known.pset"],
            &["scan", "-c", "penstock.toml", "rules.toml"],
        ] {
            let all = penstock(folder.path(), arguments);
            assert!(all.contains(&format!("known.csv:1:1: {expected}")), "{arguments:?}: {all}");
        }
    }
}

#[test]
fn unknown_columns_and_fields_are_refused_in_every_section() {
    let folder = folder(&[("known.csv", b"algorithm,hash,lable\n"), ("rules.toml", b"[[rules]]\n")]);
    let said = penstock(folder.path(), &["check", "-c", "penstock.toml"]);
    assert!(said.contains("known.csv:1:16: unknown column \"lable\""), "{said}");
    assert!(said.contains("rules.toml:1:3: unknown field \"rules\""), "{said}");
    for section in [
        "[server]",
        "[admin]",
        "[limits]",
        "[flood_breaker]",
        "[reload]",
        "[[listener]]",
        "[[origin]]",
        "[[route]]",
        "[[hash_set]]",
        "",
    ] {
        let config = format!("{section}\nsurprise = 1\n");
        fs::write(folder.path().join("penstock.toml"), config).unwrap();
        let said = penstock(folder.path(), &["check", "-c", "penstock.toml"]);
        assert!(said.contains("penstock.toml:2:1: unknown field \"surprise\""), "{section}: {said}");
    }
}

#[test]
fn every_shipped_configuration_is_in_order() {
    let said = penstock(&repository(""), &["check"]);
    assert!(said.contains("ok: ") && said.ends_with("exit code 0"), "{said}");
}

#[test]
fn hash_prints_every_hash_as_a_table_or_as_json() {
    let folder = folder(&[
        ("text.txt", b"abc"),
        ("picture.png", &png(&landscape(64, 48, 3))),
        ("plain.png", &png(&image::DynamicImage::new_rgb8(64, 64))),
        ("broken.gif", b"GIF89a\x01\0"),
        ("empty", b""),
    ]);
    assert_snapshot!(penstock(folder.path(), &["hash", "text.txt", "plain.png", "broken.gif", "empty", "none"]));
    let files = ["text.txt", "picture.png", "plain.png", "broken.gif", "none"];
    let objects = json_lines(folder.path(), &[&["hash", "--json"][..], &files].concat());
    let kinds: Vec<_> = objects.iter().map(|object| (object["file"].as_str(), object["kind"].as_str())).collect();
    let expected = [Some("text"), Some("png"), Some("png"), Some("gif"), None];
    assert_eq!(kinds, files.into_iter().map(Some).zip(expected).collect::<Vec<_>>());
    let picture = &objects[1];
    assert_eq!((picture["width"].as_u64(), picture["height"].as_u64()), (Some(64), Some(48)));
    assert_eq!(picture["pdq"]["dihedral"].as_array().unwrap().len(), 8);
    assert_eq!(picture["pdq"]["hash"], picture["pdq"]["dihedral"][0]);
    for (name, digits) in [("md5", 32), ("sha1", 40), ("sha256", 64), ("ahash", 16), ("dhash", 16), ("phash", 16)] {
        assert_eq!(picture[name].as_str().unwrap().len(), digits, "{name}");
    }
    let errors: Vec<bool> = objects.iter().map(|object| object["error"].is_string()).collect();
    assert_eq!(errors, [false, false, true, true, true]);
}

#[test]
fn scan_says_what_would_happen_and_why() {
    let picture = landscape(320, 240, 3);
    let folder = folder(&[
        ("copy.png", &png(&resized(&picture, 200, 150))),
        ("clean.txt", b"nothing to see"),
        ("bad.txt", b"an odd turnip"),
        ("form", b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nan odd turnip\r\n--b--\r\n"),
        ("rules.toml", b"[[rule]]\nid = \"t\"\nlabels = [\"veg\"]\nkeywords = [\"turnip\"]\n"),
    ]);
    fs::write(folder.path().join("original.png"), png(&picture)).unwrap();
    let hash = json_lines(folder.path(), &["hash", "--json", "original.png"]).remove(0);
    let hash = hash["pdq"]["hash"].as_str().unwrap();
    fs::write(folder.path().join("known.csv"), format!("algorithm,hash,label,id\npdq,{hash},x,one\n")).unwrap();

    let scan = |arguments: &[&str]| penstock(folder.path(), &[&["scan", "-c", "penstock.toml"], arguments].concat());
    assert_snapshot!("scan", scan(&["clean.txt", "bad.txt"]));
    assert!(scan(&["copy.png"]).contains("hash set known, entry one: pdq at distance"));
    assert!(scan(&["clean.txt"]).ends_with("exit code 0"));
    assert_snapshot!("scan_in_monitor_mode", scan(&["--route", "watched", "bad.txt"]));
    assert_snapshot!("scan_of_a_form", scan(&["--content-type", "multipart/form-data; boundary=b", "form"]));
    assert_snapshot!("scan_with_an_unknown_route", scan(&["--route", "strickt", "bad.txt"]));
    assert!(scan(&["none.txt", "bad.txt"]).ends_with("exit code 1"));

    let objects =
        json_lines(folder.path(), &["scan", "-c", "penstock.toml", "--json", "bad.txt", "clean.txt", "copy.png"]);
    let verdicts: Vec<_> = objects.iter().map(|object| object["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["block", "allow", "block"]);
    assert_eq!(objects[0]["matches"][0]["rule"], "t");
    assert_eq!(objects[0]["matches"][0]["spans"], serde_json::json!([[7, 13]]));
    assert_eq!(objects[2]["matches"][0]["entry"], "one");
}

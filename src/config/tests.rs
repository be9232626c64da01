use super::*;

const MINIMAL: &str = r#"
[[listener]]
address = "127.0.0.1:8080"

[[origin]]
name = "site"
servers = ["127.0.0.1:3000", "app.internal:3001"]
"#;

fn parse(source: &str) -> Result<Config, String> {
    Config::parse(Path::new("penstock.toml"), source)
        .map_err(|problems| problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn what_is_left_out_has_the_documented_default() {
    let config = parse(MINIMAL).unwrap();
    assert_eq!(config.admin.address.to_string(), "127.0.0.1:9180");
    assert_eq!(config.limits.memory_per_upload, ByteSize::mib(1));
    assert_eq!(config.origins[0].servers[1], OriginServer::Name("app.internal:3001".into()));
    assert_eq!(config.limits.inspection_time(128 << 20), Duration::from_secs(12));
}

#[test]
fn a_problem_names_its_place_and_what_was_expected() {
    let cases = [
        ("[[route]]\nname = \"a\"\n", "penstock.toml:9:1: missing field \"inspect\""),
        (
            "[[route]]\nname = \"a\"\ninspect = \"enforced\"\n",
            "penstock.toml:11:11: unknown variant \"enforced\", expected one of \"off\", \"monitor\", \"enforce\" (did you mean \"enforce\"?)",
        ),
        (
            "[[route]]\nname = \"a\"\ninspect = \"enforce\"\nblok_status = 403\n",
            "penstock.toml:12:1: unknown field \"blok_status\", expected one of \"name\", \"inspect\", \"host\", \"path\", \"methods\", \"origin\", \"websocket\", \"block_status\", \"max_body\", \"malformed\", \"ambiguity\", \"undecodable\", \"encrypted\", \"over_limit\", \"unhashable\", \"deadline\", \"overload\" (did you mean \"block_status\"?)",
        ),
        (
            "[[route]]\nname = \"a\"\ninspect = \"enforce\"\nblock_status = 200\norigin = \"sitte\"\n",
            "penstock.toml:13:10: no [[origin]] is named \"sitte\" (did you mean \"site\"?)\n\
             penstock.toml:12:16: expected a status from 400 to 599: a blocked upload must not look like a success",
        ),
        (
            "[[route]]\nname = \"a\"\ninspect = \"off\"\npath = \"upload\"\n",
            "penstock.toml:12:8: expected a path that starts with \"/\"",
        ),
        (
            "[[hash_set]]\nname = \"a\"\npath = \"a.csv\"\nmax_distance = { pdq = 99 }\n",
            "penstock.toml:12:24: expected at most 64: past it unrelated pictures match",
        ),
        (
            "[[hash_set]]\nname = \"a\"\npath = \"a.csv\"\n[[hash_set]]\nname = \"a\"\npath = \"b.csv\"\n",
            "penstock.toml:13:8: hash set \"a\" is named twice, first in line 10",
        ),
        (
            "[limits]\nmemory_total = \"lots\"\n",
            "penstock.toml:10:16: \"lots\" is not a size, expected for example \"64 KiB\"",
        ),
        ("[server]\nthreads = 0\n", "penstock.toml:10:11: expected at least 1"),
        (
            "[[hash_set]]\nname = \"a\"\n",
            "penstock.toml:10:8: expected \"path\", a file or folder, or \"url\", http(s):// or s3://",
        ),
        (
            "[[hash_set]]\nname = \"a\"\npath = \"a.csv\"\ninterval = \"1h\"\n",
            "penstock.toml:12:12: \"interval\" goes with \"url\" only: files here are watched",
        ),
        (
            "[[hash_set]]\nname = \"a\"\nurl = \"https://me:secret@host/a\"\ninterval = \"0s\"\npublic_key = \"RW\"\n",
            "penstock.toml:11:7: a URL must not hold a user or password: use \"headers\", which takes them from a file\n\
             penstock.toml:12:12: expected at least \"1s\"\n\
             penstock.toml:13:14: not a minisign public key, expected the second line of a \"minisign.pub\", which starts \"RW\"",
        ),
        (
            "[[hash_set]]\nname = \"a\"\nurl = \"http://host/a\"\nheaders = { A = { env = \"A\" } }\ns3 = {}\n",
            "penstock.toml:13:6: goes with an s3:// URL only\n\
             penstock.toml:12:11: everyone on the way could read these secrets: use https",
        ),
        (
            "[[hash_set]]\nname = \"a\"\nurl = \"https://host/a\"\nheaders = { Host = { file = \"a\" }, B = {} }\n",
            "penstock.toml:12:40: expected either { file = \"path\" } or { env = \"VARIABLE\" }\n\
             penstock.toml:12:20: \"Host\" is not a header that can be set",
        ),
        (
            "[[hash_set]]\nname = \"a\"\nurl = \"s3:///key\"\n[[hash_set]]\nname = \"b\"\nurl = \"ftp://host/a\"\n",
            "penstock.toml:11:7: expected \"s3://bucket/key\", or \"s3://bucket/prefix/\" for all objects below it\n\
             penstock.toml:14:7: \"ftp\" cannot be fetched, expected http, https or s3",
        ),
    ];
    for (addition, expected) in cases {
        let found = parse(&format!("{MINIMAL}\n{addition}")).map(|_| ()).unwrap_err();
        assert_eq!(found, expected, "for {addition}");
    }
}

#[test]
fn the_first_route_that_fits_counts_and_odd_spellings_do_not_lead_around_an_inspection() {
    let config = parse(&format!(
        "{MINIMAL}
[[route]]
name = \"avatars\"
path = \"/upload/avatar/**\"
inspect = \"off\"
[[route]]
name = \"uploads\"
path = \"/upload/**\"
methods = [\"POST\"]
inspect = \"enforce\"
"
    ))
    .unwrap();
    let name = |path| config.route_for(&Target::new("POST", "x", path)).map(|route| route.name.to_string());
    assert_eq!(name("/upload/avatar/1").as_deref(), Some("avatars"));
    assert_eq!(name("/upload/1").as_deref(), Some("uploads"));
    assert_eq!(name("/upload/avatar/../1").as_deref(), Some("uploads"));
    assert_eq!(name("/Upload/1").as_deref(), Some("uploads"));
    assert_eq!(name("/elsewhere"), None);
}

#[test]
fn a_location_is_told_without_what_may_be_secret_in_it() {
    let shown = |set: &str| {
        let config = parse(&format!("{MINIMAL}\n[[hash_set]]\nname = \"a\"\n{set}\n")).unwrap();
        config.hash_sets[0].location.to_string()
    };
    assert_eq!(shown("url = \"https://host/a.csv?signature=hidden\""), "https://host/a.csv?…");
    assert_eq!(shown("url = \"https://host/a.csv\""), "https://host/a.csv");
    assert_eq!(shown("url = \"s3://bucket/some%20key/\""), "s3://bucket/some%20key/");
    assert_eq!(shown("path = \"sets/a.csv\""), "sets/a.csv");
}

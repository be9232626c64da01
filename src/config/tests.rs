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
    let work = [0, 1 << 20, 3 << 19, 128 << 20].map(|bytes| config.limits.inspection_work(bytes).as_millis());
    assert_eq!(work, [900, 1900, 2400, 128_900]);
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
            "penstock.toml:12:1: unknown field \"blok_status\", expected one of \"name\", \"inspect\", \"host\", \"path\", \"methods\", \"origin\", \"pass_headers\", \"websocket\", \"block_status\", \"max_body\", \"pieces\", \"malformed\", \"ambiguity\", \"undecodable\", \"unsupported\", \"encrypted\", \"over_limit\", \"unhashable\", \"illegible\", \"deadline\", \"overload\" (did you mean \"block_status\"?)",
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
        (
            "[[route]]\nname = \"avatars\"\ninspect = \"off\"\n[[hash_set]]\nname = \"a\"\npath = \"a.csv\"\n\
             enforce_share = 5\nenforce_routes = [\"avatar\"]\n",
            "penstock.toml:15:17: expected a share from 0 to 1, for example 0.05 for one upload in twenty\n\
             penstock.toml:16:19: no [[route]] is named \"avatar\" (did you mean \"avatars\"?)",
        ),
        (
            "[[hash_set]]\nname = \"a\"\npath = \"a.csv\"\nenforce_routes = []\n",
            "penstock.toml:12:18: expected the name of a route; for none use mode = \"monitor\", for all leave it out",
        ),
        (
            "[[hash_set]]\nname = \"a\"\npath = \"a.csv\"\naction = \"alow\"\n",
            "penstock.toml:12:10: unknown variant \"alow\", expected one of \"allow\", \"log\", \"flag\", \"block\" (did you mean \"allow\"?)",
        ),
        (
            "[flood_breaker]\nwindow = \"1ms\"\nfactor = 0.5\nmin_uploads = 0\nmin_clients = 65\n",
            "penstock.toml:12:15: expected at least 1\n\
             penstock.toml:13:15: expected at least 1 and at most 64\n\
             penstock.toml:10:10: expected at least \"1s\"\n\
             penstock.toml:11:10: expected a factor from 1 to 1000000",
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

/// A configuration with one set and `rest` in it; `rest` starts in line 11.
fn with_set(rest: &str) -> Result<ListReading, String> {
    let config = parse(&format!("{MINIMAL}[[hash_set]]\nname = \"a\"\npath = \"a.csv\"\n{rest}\n"))?;
    Ok(config.hash_sets[0].reading.clone())
}

#[test]
fn a_set_says_how_its_list_is_read() {
    assert_eq!(with_set("").unwrap(), ListReading::default());
    let reading = with_set(
        r#"algorithm = "MD5"
label = "csam"
on_bad_row = "skip"
columns = { hash = "Value", pdq = "PDQ", photodna = "DNA", id = "Ref", added = "Date", removed = { column = "Status", values = ["withdrawn"] }, delimiter = ";" }"#,
    )
    .unwrap();
    let mapping = reading.columns.unwrap();
    assert_eq!((reading.format, reading.algorithm), (Some(ListFormat::MappedCsv), Some(Algorithm::Md5)));
    assert_eq!((reading.label.as_deref(), reading.on_bad_row), (Some("csam"), OnBadRow::Skip));
    let hashes = [("Value".to_owned(), Algorithm::Md5), ("PDQ".to_owned(), Algorithm::Pdq)];
    assert_eq!(mapping.hashes, hashes.into());
    assert_eq!(mapping.kept, [("DNA".to_owned(), "photodna".to_owned())].into());
    let about = [("id".to_owned(), "Ref".to_owned()), ("added".to_owned(), "Date".to_owned())];
    assert_eq!(mapping.about, about.into());
    assert_eq!(mapping.removed_when, Some(("Status".to_owned(), vec!["withdrawn".to_owned()])));
    assert_eq!((mapping.delimiter, mapping.has_header), (b';', true));
    let reading = with_set("columns = { hash = 2, algorithm = 1, header = false, delimiter = \"\\t\" }").unwrap();
    let mapping = reading.columns.unwrap();
    assert_eq!(mapping.hash_and_algorithm, Some(("2".to_owned(), "1".to_owned())));
    assert_eq!((mapping.delimiter, mapping.has_header), (b'\t', false));
}

#[test]
fn a_list_that_could_not_be_read_so_is_refused_with_what_to_do() {
    let cases = [
        (
            "algorithm = \"sha265\"",
            "11:13: unknown algorithm \"sha265\", expected one of md5, sha1, sha256, sha512, pdq, ahash, dhash, phash (did you mean \"sha256\"?)",
        ),
        ("label = \" \"", "11:9: expected a label such as \"terror\"; leave it out for none"),
        (
            "format = \"mapped-csv\"",
            "11:10: \"mapped-csv\" needs columns, for example columns = { md5 = \"MD5 Hash\", id = \"Ref\" }",
        ),
        (
            "format = \"plain\"\ncolumns = { md5 = \"a\" }",
            "12:11: columns belong to the format \"mapped-csv\", not to \"plain\"",
        ),
        (
            "columns = { id = \"a\" }",
            "11:11: no column holds hashes, expected for example md5 = \"MD5 Hash\", or hash and algorithm",
        ),
        (
            "columns = { hash = \"a\" }",
            "11:20: the algorithm is unknown: add algorithm to columns, or to the [[hash_set]]",
        ),
        ("columns = { algorithm = \"a\" }", "11:25: expected hash beside algorithm"),
        ("columns = { md5 = \"a\", pdq = \"a\" }", "11:30: column \"a\" cannot hold both md5 and pdq hashes"),
        ("columns = { md5 = 1 }", "11:19: expected the name of a column; numbers are for files with header = false"),
        (
            "columns = { md5 = \"a\", header = false }",
            "11:19: expected the number of a column, from 1: with header = false columns have no names",
        ),
        ("columns = { md5 = \"a\", delimiter = \"::\" }", "11:36: expected one character such as \";\" or \"\\t\""),
        ("columns = { md5 = \"a\", removed = { column = \"b\", values = [] } }", "11:59: expected at least one value"),
        ("columns = { md5 = true }", "11:19: expected the name of a column, or its number where header = false"),
    ];
    for (addition, expected) in cases {
        assert_eq!(with_set(addition).unwrap_err(), format!("penstock.toml:{expected}"), "for {addition}");
    }
    for (addition, hint) in [
        ("format = \"hashdep\"", "(did you mean \"hashdeep\"?)"),
        ("on_bad_row = \"skipp\"", "(did you mean \"skip\"?)"),
        ("columns = { md5 = \"a\", categroy = \"b\" }", "(did you mean \"category\"?)"),
    ] {
        let message = with_set(addition).unwrap_err();
        assert!(message.ends_with(hint), "{message}");
    }
}

#[test]
fn a_set_takes_from_the_flood_breaker_what_it_does_not_say_and_an_allow_set_has_none() {
    let config = parse(&format!(
        "{MINIMAL}
[flood_breaker]
enabled = false
min_uploads = 20
[[hash_set]]
name = \"plain\"
path = \"a\"
[[hash_set]]
name = \"own\"
path = \"a\"
flood_breaker = {{ enabled = true, factor = 3 }}
[[hash_set]]
name = \"allowed\"
path = \"a\"
action = \"allow\"
flood_breaker = {{ enabled = true }}
"
    ))
    .unwrap();
    let [plain, own, allowed] = &config.hash_sets[..] else { panic!() };
    assert_eq!((plain.flood, allowed.flood), (None, None));
    assert_eq!(own.flood, Some(FloodRule { min_uploads: 20, factor: 3.0, ..FloodRule::default() }));
    let radii = [Algorithm::Pdq, Algorithm::AHash, Algorithm::Md5].map(|one| allowed.policy.max_distance(one).0);
    assert_eq!(radii, [10, 0, 0]);
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

#[test]
fn a_text_list_says_how_near_is_near() {
    let parse = |rest: &str| parse(&format!("{MINIMAL}\n[[text_list]]\nname = \"a\"\npath = \"texts\"\n{rest}\n"));
    for (rest, threshold, tlsh_distance) in [
        ("", DEFAULT_THRESHOLD, Some(DEFAULT_TLSH_DISTANCE)),
        ("threshold = 1.0\ntlsh_distance = 30", 1.0, Some(30)),
        ("tlsh_distance = false", DEFAULT_THRESHOLD, None),
        ("tlsh_distance = true", DEFAULT_THRESHOLD, Some(DEFAULT_TLSH_DISTANCE)),
    ] {
        let list = parse(rest).unwrap().text_lists.remove(0);
        assert_eq!((list.threshold.get(), list.tlsh_distance), (threshold, tlsh_distance), "{rest}");
        assert_eq!((list.action, list.mode, list.path), (Action::Block, Mode::Enforce, PathBuf::from("texts")));
    }
    for (rest, expected) in [
        ("threshold = 0.0", "penstock.toml:12:13: expected a share from 0.02 to 1: below it unrelated texts match"),
        ("tlsh_distance = 200", "penstock.toml:12:17: expected at most 150: past it unrelated texts match"),
        ("labels = [\" \"]", "penstock.toml:12:11: expected a label such as \"terror\"; leave it out for none"),
        (
            "[[text_list]]\nname = \"a\"\npath = \"b\"",
            "penstock.toml:13:8: text list \"a\" is named twice, first in line 10",
        ),
    ] {
        assert_eq!(parse(rest).unwrap_err(), expected);
    }
}

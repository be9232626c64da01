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

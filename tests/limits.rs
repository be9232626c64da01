//! Every limit on what an upload may consist of: a status, a reason code and a metric, just above it and not just below.

use data_encoding::BASE64;

use crate::support::archives::gzip;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Setup};
use crate::support::pictures::{landscape, png};

/// A limit as it is configured, and two bodies: the largest that it allows, and one that is larger by one.
struct Limit {
    setting: &'static str,
    content_type: &'static str,
    coding: &'static str,
    allowed: Vec<u8>,
    refused: Vec<u8>,
    code: &'static str,
}

fn limits() -> Vec<Limit> {
    let limit = |setting, content_type, allowed: Vec<u8>, refused: Vec<u8>, code| Limit {
        setting,
        content_type,
        coding: "identity",
        allowed,
        refused,
        code,
    };
    let json = "application/json";
    let xml = "application/xml";
    let form = "application/x-www-form-urlencoded";
    let multipart = "multipart/form-data; boundary=b";
    let nested_json = |depth: usize| ("[".repeat(depth) + &"]".repeat(depth)).into_bytes();
    let nested_xml = |depth: usize| ("<a>".repeat(depth) + &"</a>".repeat(depth)).into_bytes();
    // Besides the whole body, each pair is one part.
    let pairs = |count: usize| vec!["a=1"; count].join("&").into_bytes();
    let headers = |length: usize| {
        let name = "n".repeat(length - "Content-Disposition: form-data; name=\"\"\r\n".len());
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nx\r\n--b--\r\n").into_bytes()
    };
    let in_base64 = |length: usize| {
        let text = BASE64.encode("!".repeat(length).as_bytes());
        format!("a=data:;base64,{}", text.replace('=', "%3D")).into_bytes()
    };
    let pictures = |count: usize| {
        let gif = b"GIF89a\x01\0\x01\0\x80\0\0abcdef,\0\0\0\0\x01\0\x01\0\0\x02\x02ab\0;";
        [b"\0\0\0", &gif.repeat(count)[..]].concat()
    };
    let mut limits = vec![
        limit("max_parts = 4", form, pairs(3), pairs(4), "too_many_parts"),
        limit("max_part_header = 100", multipart, headers(100), headers(101), "multipart_header_too_long"),
        limit("max_depth = 5", json, nested_json(5), nested_json(6), "json_too_deep"),
        limit("max_depth = 5", xml, nested_xml(5), nested_xml(6), "xml_too_deep"),
        limit("max_escaped_body = 8", json, b"\"123456\"".to_vec(), b"\"1234567\"".to_vec(), "too_large_to_unescape"),
        limit("max_escaped_body = 8", form, b"a=123456".to_vec(), b"a=1234567".to_vec(), "too_large_to_unescape"),
        limit("max_escaped_body = 8", xml, b"<a>b</a>".to_vec(), b"<a>bc</a>".to_vec(), "too_large_to_unescape"),
        limit("max_carved = 3", "application/octet-stream", pictures(3), pictures(4), "too_many_candidates"),
        limit("max_unpacked = 10", form, in_base64(10), in_base64(11), "unpacked_too_large"),
    ];
    let nested = |depth: usize| (0..depth).fold(b"text".to_vec(), |content, _| gzip(&content));
    limits.push(limit("max_nesting = 3", "", nested(3), nested(4), "nested_too_deep"));
    let coded = |codings| Limit { coding: codings, ..limit("max_codings = 2", "", vec![], vec![], "too_many_codings") };
    limits.push(Limit { allowed: nested(2), refused: nested(3), ..coded("gzip, gzip") });
    let zeros = |mib: usize| gzip(&vec![0; mib << 20]);
    limits.push(limit("max_unpack_ratio = 200", "", zeros(16), zeros(17), "unpacked_too_dense"));
    limits
}

#[test]
fn each_limit_allows_what_it_says_and_refuses_one_more() {
    let origin = Origin::start();
    for Limit { setting, content_type, coding, allowed, refused, code } in limits() {
        let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_limits(setting).start();
        let longer = format!("{coding}, gzip");
        let coding_of_refused = if code == "too_many_codings" { &longer } else { coding };
        let send = |coding: &str, body: &[u8]| {
            penstock.post("/upload/a", &[("Content-Type", content_type), ("Content-Encoding", coding)], body)
        };
        assert_eq!(send(coding, &allowed).status, 200, "just below {setting}, {code}");
        let answer = send(coding_of_refused, &refused);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some(code)), "just above {setting}");
        let metric = format!("penstock_limits_reached_total{{code=\"{code}\"}}");
        assert_eq!(penstock.metric(&metric), 1.0, "{setting}");
    }
}

#[test]
fn a_picture_may_be_as_large_as_each_of_its_limits_says() {
    let origin = Origin::start();
    let picture = png(&landscape(64, 48, 1));
    for (name, allowed) in
        [("max_picture_side", 64), ("max_picture_pixels", 64 * 48), ("max_picture_memory", 64 * 48 * 6)]
    {
        let status = |limit: u32| {
            let setup = Setup::new(&[origin.address]).with(ENFORCING).with_limits(&format!("{name} = {limit}"));
            let answer = setup.with_known("pdq", &"00".repeat(32)).start().post("/upload/a", &[], &picture);
            (answer.status, answer.status != 200 && answer.json()["code"] == "picture_too_large")
        };
        assert_eq!(status(allowed), (200, false), "{name} = {allowed}");
        assert_eq!(status(allowed - 1), (413, true), "{name} = {}", allowed - 1);
    }
}

#[test]
fn a_body_may_be_as_large_as_its_route_and_the_spool_allow() {
    let origin = Origin::start();
    for (setting, limit, status, code) in
        [("max_body = 4096", 4096, 413, "body_too_large"), ("", 65536, 503, "spool_full")]
    {
        let penstock = Setup::new(&[origin.address])
            .with(&format!("{ENFORCING}{setting}\n"))
            .with_limits("spool_total = \"64 KiB\"\nmemory_per_upload = \"1 KiB\"")
            .start();
        assert_eq!(penstock.post("/upload/a", &[], &vec![b'!'; limit]).status, 200, "{code}");
        let answer = penstock.post("/upload/a", &[], &vec![b'!'; limit + 1]);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)));
        assert_eq!(penstock.metric(&format!("penstock_holds_failed_total{{reason=\"{code}\"}}")), 1.0);
    }
}

#[test]
fn a_limit_that_is_reached_follows_the_policy_of_the_route() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(&format!("{ENFORCING}over_limit = \"flag\"\n"))
        .with_limits("max_depth = 1")
        .start();
    let answer = penstock.post("/upload/a", &[("Content-Type", "application/json")], b"[[]]");
    assert_eq!((answer.status, origin.requests()[0].headers["penstock-labels"].as_str()), (200, "over_limit"));
}

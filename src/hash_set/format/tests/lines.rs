//! Formats of one entry a line.

use proptest::prelude::*;

use super::*;
use crate::content::Algorithm;

fn of(format: ListFormat, algorithm: Algorithm, list: &str) -> Vec<String> {
    let reading = ListReading {
        format: Some(format),
        algorithm: Some(algorithm),
        label: Some("csam".into()),
        ..Default::default()
    };
    told(list.as_bytes(), "list.txt", &reading)
}

#[test]
fn a_plain_list_has_the_algorithm_of_the_configuration_or_of_its_lengths() {
    let (md5, sha1, pdq, sha512) = (hex(32), hex(40), hex(64), hex(128));
    let list = format!("\u{feff}# comment\r\n{md5}\r\n\n  {sha1} \nnot a hash\n{sha512}");
    let expected = [
        format!("md5:{md5}"),
        format!("sha1:{sha1}"),
        "bad 5:1: \"not a hash\" is no hash, expected 32, 40 or 128 hex digits (MD5, SHA-1 or SHA-512), or others with \
         algorithm in the configuration"
            .into(),
        format!("sha512:{sha512}"),
    ];
    assert_eq!(told_as(ListFormat::Plain, &list), expected);
    let expected = [
        format!("pdq:{pdq} label=\"csam\""),
        "bad 2:1: a pdq hash has 64 hex digits or 44 base64 characters, found 3 characters".into(),
    ];
    assert_eq!(of(ListFormat::Plain, Algorithm::Pdq, &format!("{pdq}\nabc\n")), expected);
    assert_eq!(told_as(ListFormat::Plain, ""), [""; 0]);
}

#[test]
fn a_plain_list_of_an_unclear_algorithm_is_refused_even_where_bad_rows_are_skipped() {
    let list = format!("{}\n{}\n", hex(32), hex(64));
    let broken = "broken 2:1: 64 hex digits are SHA-256 or PDQ: say which with algorithm = \"sha256\" or algorithm = \
                  \"pdq\"";
    assert_eq!(told_as(ListFormat::Plain, &list).last().unwrap(), broken);
}

#[test]
fn lines_of_the_python_package_have_a_type_before_the_first_space() {
    let (pdq, md5) = (hex(64), hex(32));
    let list = format!(
        "pdq {pdq}\nvideo_md5 {md5}\nraw_text  bad words here\ntrend_query {{\"and\":[]}}\n{md5}\nvpqd {pdq}\npdq {md5}\n"
    );
    let expected = [
        format!("pdq:{pdq}"),
        format!("md5:{md5}"),
        "text:bad words here".into(),
        "trend_query:{\"and\":[]}".into(),
        format!("md5:{md5}"),
        "bad 6:1: \"vpqd\" is no signal type, expected a type such as \"pdq\" or \"video_md5\" before the first space"
            .into(),
        "bad 7:5: a pdq hash has 64 hex digits or 44 base64 characters, found 32 characters".into(),
    ];
    assert_eq!(told_as(ListFormat::PytxLines, &list), expected);
}

#[test]
fn sums_are_read_in_both_styles_with_escaped_names() {
    let (md5, sha1, sha256, sha384, sha512) = (hex(32), hex(40), hex(64), hex(96), hex(128));
    let list = format!(
        "# made today\n\
         {md5}  a picture.jpg\n\
         {sha1} *b.jpg\n\
         \\{sha256}  c\\\\d\\ne.jpg\n\
         SHA512 (f (1).jpg) = {sha512}\n\
         MD5 (g.jpg) = {md5}\n\
         {sha384}  h\n\
         {md5}x  i\n\
         abcd  j\n\
         SHA256 (k) = {md5}\n"
    );
    let expected = [
        format!("md5:{md5} tags=\"name=a%20picture.jpg\""),
        format!("sha1:{sha1} tags=\"name=b.jpg\""),
        format!("sha256:{sha256} tags=\"name=c\\\\d%0Ae.jpg\""),
        format!("sha512:{sha512} tags=\"name=f%20(1).jpg\""),
        format!("md5:{md5} tags=\"name=g.jpg\""),
        format!("other_digest:{sha384} tags=\"digest=sha384 name=h\""),
        format!("bad 8:1: \"{md5}x  i\" is no checksum line, expected \"hash  name\" or \"SHA256 (name) = hash\""),
        "bad 9:1: \"abcd\" is no hash, expected as many hex digits as MD5, SHA-1 or SHA-2 have".into(),
        "bad 10:14: a sha256 hash has 64 hex digits or 44 base64 characters, found 32 characters".into(),
    ];
    assert_eq!(told_as(ListFormat::Sums, &list), expected);
}

#[test]
fn hashdeep_names_its_columns_and_only_file_names_have_commas() {
    let (md5, sha256, tiger) = (hex(32), hex(64), hex(48));
    let list = format!(
        "%%%% HASHDEEP-1.0\n\
         %%%% size,md5,sha256,tiger,filename\n\
         ## Invoked from: /srv\n\
         ## $ hashdeep -c md5,sha256,tiger -r .\n\
         ##\n\
         12,{md5},{sha256},{tiger},/srv/a, b.jpg\n\
         12,{md5},{sha256}\n\
         12,zz,{sha256},{tiger},c\n"
    );
    let expected = [
        format!("md5:{md5} tags=\"size=12 name=/srv/a,%20b.jpg\""),
        format!("sha256:{sha256} tags=\"size=12 name=/srv/a,%20b.jpg\""),
        format!("other_digest:{tiger} tags=\"digest=tiger size=12 name=/srv/a,%20b.jpg\""),
        "bad 7:101: found 3 fields, expected 5 as in the header".into(),
        "bad 8:4: a md5 hash has 32 hex digits or 24 base64 characters, found 2 characters".into(),
        format!("sha256:{sha256} tags=\"size=12 name=c\""),
        format!("other_digest:{tiger} tags=\"digest=tiger size=12 name=c\""),
    ];
    assert_eq!(told_as(ListFormat::Hashdeep, &list), expected);
}

#[test]
fn hashdeep_without_its_header_is_refused() {
    let wanted = "the file ends too early, expected a line such as \"%%%% size,md5,sha256,filename\" before the hashes";
    assert_eq!(told_as(ListFormat::Hashdeep, ""), [format!("broken 1:1: {wanted}")]);
    assert_eq!(told_as(ListFormat::Hashdeep, "## nothing\n1,2,3\n"), [format!("broken 2:1: {wanted}")]);
    let unknown = "broken 1:11: unknown column \"crc\", expected one of \"size\", \"md5\", \"sha1\", \"sha256\", \
                   \"tiger\", \"whirlpool\", \"filename\"";
    assert_eq!(told_as(ListFormat::Hashdeep, "%%%% size,crc,filename\n"), [unknown]);
}

#[test]
fn signatures_of_clamav_keep_their_size() {
    let (md5, sha1, sha256) = (hex(32), hex(40), hex(64));
    let list = format!(
        "# signatures\n{md5}:1024:Win.Test-1\n{sha256}:*:Img.Test-2:73\r\n{sha1}:7:T:73:255\n{md5}:big:T\n{md5}\nxy:1:T\n"
    );
    let expected = [
        format!("md5:{md5} id=\"Win.Test-1\" tags=\"size=1024\""),
        format!("sha256:{sha256} id=\"Img.Test-2\" tags=\"size=* min_level=73\""),
        format!("sha1:{sha1} id=\"T\" tags=\"size=7 min_level=73 max_level=255\""),
        "bad 5:34: \"big\" is no size, expected a number of bytes, or \"*\" for any".into(),
        format!("bad 6:1: \"{md5}\" is no signature, expected hash:size:name"),
        "bad 7:1: \"xy\" is no hash, expected as many hex digits as MD5, SHA-1 or SHA-2 have".into(),
    ];
    assert_eq!(told_as(ListFormat::Clamav, &list), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn sums_come_back_as_they_were_written(rows in prop::collection::vec((any::<[u8; 32]>(), "[!-~ é\n\r\\\\]{1,9}"), 1..20)) {
        let (mut list, mut expected) = (String::new(), Vec::new());
        for (digest, name) in &rows {
            // What a name's own spaces at its ends become depends on the writer.
            let name = format!("x{name}x");
            let hash = HashValue::Sha256(*digest);
            let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
            let mark = if escaped == name { "" } else { "\\" };
            writeln!(list, "{mark}{hash}  {escaped}").unwrap();
            let mut tags = tags::Tags::default();
            tags.add_pair("name", &name);
            expected.push(format!("sha256:{hash} tags={:?}", tags.text().unwrap()));
        }
        prop_assert_eq!(told(list.as_bytes(), "SHA256SUMS", &ListReading::default()), expected);
    }

    #[test]
    fn lines_come_back_as_they_were_written(hashes in prop::collection::vec(any::<[u8; 16]>(), 1..20)) {
        let hashes: Vec<HashValue> = hashes.into_iter().map(HashValue::Md5).collect();
        let expected: Vec<_> = hashes.iter().map(|hash| format!("md5:{hash}")).collect();
        let plain: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
        let typed: String = hashes.iter().map(|hash| format!("video_md5 {hash}\n")).collect();
        for list in [plain, typed] {
            prop_assert_eq!(&told(list.as_bytes(), "list", &ListReading::default()), &expected);
        }
        let list: String = hashes.iter().enumerate().map(|(size, hash)| format!("{hash}:{size}:T-{size}\n")).collect();
        let expected = expected.iter().enumerate().map(|(n, line)| format!("{line} id=\"T-{n}\" tags=\"size={n}\""));
        prop_assert_eq!(told(list.as_bytes(), "a.hdb", &ListReading::default()), expected.collect::<Vec<_>>());
    }
}

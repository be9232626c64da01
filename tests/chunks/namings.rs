//! Clients and namings that nobody here knows: a listed picture does not pass in pieces, an ordinary one does.

use data_encoding::BASE64;

use super::writing::{At, Chunk, Client, chunks, form, raw};
use super::{code, listed, send};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, png};
use crate::support::{repository, sha256};

/// One that knows the listed picture, and decodes pictures, since it has the hash of another one.
fn decoding(origin: &Origin) -> Penstock {
    let list = format!("algorithm,hash\npdq,{}\n", sha256(b"no picture"));
    let set = "[[hash_set]]\nname = \"pictures\"\npath = \"pictures.csv\"\n";
    let setup = Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(&listed()));
    setup.with_file("pictures.csv", list.as_bytes()).with(set).start()
}

/// An id of the upload that `at` is of.
fn id(at: &At<'_>) -> String {
    format!("{}f19c", at.name.replace('.', "0"))
}

fn fields(at: &At<'_>, fields: &[(&str, String)], file: &str) -> Chunk {
    Chunk { target: "/upload/up".into(), ..form(at, fields, file) }
}

fn post(at: &At<'_>, target: String, headers: &[(&str, String)]) -> Chunk {
    raw(at, "POST", format!("/upload{target}"), headers)
}

fn text(at: &At<'_>, media_type: &str, body: String) -> Chunk {
    let headers = vec![("Content-Type".into(), media_type.into())];
    Chunk { method: "POST", target: format!("/upload/text{}", at.count), headers, body: body.into_bytes() }
}

fn index(at: &At<'_>) -> String {
    at.index.to_string()
}

fn count(at: &At<'_>) -> String {
    at.count.to_string()
}

fn offset(at: &At<'_>) -> String {
    at.offset.to_string()
}

fn base64(at: &At<'_>) -> String {
    BASE64.encode(at.piece)
}

/// Start, end and total.
fn range(at: &At<'_>) -> String {
    format!("bytes {}-{}/{}", at.offset, at.offset + at.piece.len() - 1, at.total)
}

/// Clients with a protocol of their own, by its documentation or their source.
const PROTOCOLS: [(&str, Client); 22] = [
    ("Twitter", |at| {
        fields(at, &[("command", "APPEND".into()), ("media_id", id(at)), ("segment_index", index(at))], "media")
    }),
    ("Facebook", |at| {
        let said = [("upload_phase", "transfer".into()), ("upload_session_id", id(at)), ("start_offset", offset(at))];
        fields(at, &said, "video_file_chunk")
    }),
    ("vue-upload-component", |at| {
        fields(at, &[("phase", "upload".into()), ("session_id", id(at)), ("start_offset", offset(at))], "chunk")
    }),
    ("MediaWiki", |at| {
        let said = [("action", "upload".into()), ("filesize", at.total.to_string()), ("offset", offset(at))];
        fields(at, &[said[0].clone(), said[1].clone(), said[2].clone(), ("filekey", id(at))], "chunk")
    }),
    ("elFinder", |at| {
        let chunk = format!("{}.{}_{}.part", at.name, at.index, at.count - 1);
        let range = format!("{},{},{}", at.offset, at.piece.len(), at.total);
        fields(at, &[("cmd", "upload".into()), ("chunk", chunk), ("cid", "99".into()), ("range", range)], "upload[]")
    }),
    ("SharePoint", |at| {
        let step = ["Start", "Continue"][at.index.min(1)];
        let more = if at.index > 0 { format!(",fileOffset={}", at.offset) } else { String::new() };
        post(at, format!("/_api/web/{step}Upload(uploadId=guid'{}'{more})", id(at)), &[])
    }),
    ("Nuxeo", |at| {
        let said = [("X-Upload-Chunk-Index", index(at)), ("X-Upload-Chunk-Count", count(at))];
        post(at, format!("/v1/upload/{}/0", id(at)), &said)
    }),
    ("Meteor-Files", |at| {
        post(at, "/__upload".into(), &[("x-chunkid", (at.index + 1).to_string()), ("x-fileid", id(at))])
    }),
    ("Meteor-Files, base64", |at| {
        let mut chunk = text(at, "text/plain", base64(at));
        chunk.headers.extend([("x-chunkid".into(), (at.index + 1).to_string()), ("x-fileid".into(), id(at))]);
        chunk
    }),
    ("Rocket.Chat", |at| {
        post(at, format!("/ufs/FileSystem:Uploads/{}?token=t&progress=0.{}", id(at), 25 * (at.index + 1)), &[])
    }),
    ("Cloudreve", |at| post(at, format!("/v3/file/upload/{}/{}", id(at), at.index), &[])),
    ("Aliyun OSS", |at| post(at, format!("/obj.png?append&position={}", at.offset), &[])),
    ("Qiniu, version 1", |at| match at.index {
        0 => post(at, format!("/mkblk/{}", at.total), &[]),
        _ => post(at, format!("/bput/ctx{}{}/{}", at.index, id(at), at.offset), &[]),
    }),
    ("Qiniu, version 2", |at| {
        let target = format!("/upload/buckets/b/objects/o/uploads/{}/{}", id(at), at.index + 1);
        raw(at, "PUT", target, &[])
    }),
    ("Piwigo", |at| {
        let mut body = String::new();
        let said = [("data", base64(at)), ("original_sum", id(at)), ("position", index(at))];
        for (name, value) in said {
            body += &format!("--bnd\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        text(at, "multipart/form-data; boundary=bnd", body + "--bnd--\r\n")
    }),
    ("WebHDFS", |at| post(at, format!("/webhdfs/v1/{}?op=APPEND", at.name), &[])),
    ("IPFS", |at| {
        let target = format!("/upload/v0/files/write?arg=/{}&offset={}&create=true", at.name, at.offset);
        Chunk { target, ..form(at, &[], "data") }
    }),
    ("Kaltura", |at| {
        let target = format!("/upload/token?uploadTokenId={}&resumeAt={}&finalChunk=0", id(at), at.offset);
        Chunk { target, ..form(at, &[], "fileData") }
    }),
    ("Mattermost", |at| post(at, format!("/v4/uploads/{}", id(at)), &[])),
    ("Telegram", |at| {
        let body = serde_json::json!({"file_id": id(at), "file_part": at.index, "bytes": base64(at)});
        text(at, "application/json", body.to_string())
    }),
    ("copyparty", |at| post(at, "/inc/".into(), &[("X-Up2k-Hash", format!("h{}", at.index)), ("X-Up2k-Wark", id(at))])),
    ("PATCH with an offset", |at| raw(at, "PATCH", format!("/upload/dav/{}?offset={}", at.name, at.offset), &[])),
];

/// What tutorials and sites write by themselves.
const BY_HAND: [(&str, Client); 27] = [
    ("part and parts", |at| fields(at, &[("part", index(at)), ("parts", count(at)), ("id", id(at))], "file")),
    ("part and of", |at| fields(at, &[("part", index(at)), ("of", count(at)), ("id", id(at))], "file")),
    ("numbers of parts", |at| {
        fields(at, &[("partNumber", index(at)), ("totalParts", count(at)), ("uploadId", id(at))], "file")
    }),
    ("segments", |at| fields(at, &[("segmentIndex", index(at)), ("totalSegments", count(at))], "file")),
    ("index and total", |at| fields(at, &[("index", index(at)), ("total", count(at)), ("hash", id(at))], "file")),
    ("seq and last", |at| fields(at, &[("seq", index(at)), ("last", "0".into()), ("guid", id(at))], "file")),
    ("a number in a hash", |at| {
        fields(at, &[("hash", format!("{}-{}", id(at), at.index)), ("fileHash", id(at))], "file")
    }),
    ("the hash of a chunk", |at| fields(at, &[("chunkHash", format!("{}-{}", id(at), at.index))], "file")),
    ("an index and an id", |at| fields(at, &[("chunkIndex", index(at)), ("uploadId", id(at))], "file")),
    ("names of parts", |at| form(&At { name: &format!("{}.part{}", at.name, at.index), ..*at }, &[], "file")),
    ("numbered names", |at| raw(at, "PUT", format!("/upload/f/{}.{:03}", at.name, at.index + 1), &[])),
    ("members", |at| {
        let body = serde_json::json!({"id": id(at), "part": at.index, "of": at.count, "data": base64(at)});
        text(at, "application/json", body.to_string())
    }),
    ("variables of GraphQL", |at| {
        let variables = serde_json::json!({"chunkIndex": at.index, "uploadId": id(at), "data": base64(at)});
        let body = serde_json::json!({"query": "mutation($i:Int){c(i:$i)}", "variables": variables});
        text(at, "application/json", body.to_string())
    }),
    ("parameters of JSON-RPC", |at| {
        let params = serde_json::json!([base64(at), at.index, at.count]);
        let body = serde_json::json!({"jsonrpc": "2.0", "id": at.index, "method": "put", "params": params});
        text(at, "application/json", body.to_string())
    }),
    ("elements", |at| {
        let body = format!("<c><id>{}</id><part>{}</part><data>{}</data></c>", id(at), at.index, base64(at));
        text(at, "application/xml", body)
    }),
    ("attributes", |at| {
        let body = format!("<c id=\"{}\" part=\"{}\" data=\"{}\"/>", id(at), at.index, base64(at));
        text(at, "application/xml", body)
    }),
    ("a form without files", |at| {
        let data = base64(at).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        text(at, "application/x-www-form-urlencoded", format!("id={}&part={}&data={data}", id(at), at.index))
    }),
    ("X-File-Offset", |at| post(at, "/u".into(), &[("X-File-Offset", offset(at)), ("X-File-Id", id(at))])),
    ("X-Start-Byte", |at| post(at, "/u".into(), &[("X-Start-Byte", offset(at)), ("X-File-Id", id(at))])),
    ("Range", |at| raw(at, "PUT", "/upload/u".into(), &[("Range", format!("bytes={}-", at.offset))])),
    ("X-Content-Range", |at| post(at, "/u".into(), &[("X-Content-Range", range(at))])),
    ("X-Upload-Content-Range", |at| post(at, "/u".into(), &[("X-Upload-Content-Range", range(at))])),
    ("X-File-Range", |at| post(at, "/u".into(), &[("X-File-Range", range(at))])),
    ("cookies", |at| post(at, "/u".into(), &[("Cookie", format!("chunkIndex={}; uploadId={}", at.index, id(at)))])),
    ("a path", |at| raw(at, "PUT", format!("/upload/up/{}/chunk/{}/of/{}", id(at), at.index, at.count), &[])),
    ("two numbers in a path", |at| post(at, format!("/u/{}/{}", at.index, at.count), &[])),
    ("parameters of a matrix", |at| raw(at, "PUT", format!("/upload/up/{};part={}", id(at), at.index), &[])),
];

/// Names of libraries as other parsers read them.
const SPELLINGS: [(&str, Client); 5] = [
    ("blanks before names", |at| spelled(at, |name| format!(" {name}"))),
    ("lists", |at| spelled(at, |name| format!("{name}[]"))),
    ("places in lists", |at| spelled(at, |name| format!("{name}[0]"))),
    ("members of a bean", |at| spelled(at, |name| format!("a.{name}"))),
    ("what follows a NUL", |at| {
        let said = [("resumableChunkNumber", at.index + 1), ("resumableTotalChunks", at.count)];
        let query: String = said.iter().map(|(name, value)| format!("{name}%00x={value}&")).collect();
        post(at, format!("/chunk?{query}resumableIdentifier={}", id(at)), &[])
    }),
];

/// Messages in binary notations, in which numbers have no names, and objects in each other.
const MESSAGES: [(&str, Client); 5] = [
    ("a call of gRPC", |at| {
        let field = |number: u8, content: &[u8]| {
            [&varint(usize::from(number) << 3 | 2), &varint(content.len()), content].concat()
        };
        let number = |number: u8, value: usize| [varint(usize::from(number) << 3), varint(value)].concat();
        let message =
            [field(1, id(at).as_bytes()), number(2, at.index), number(3, at.count), field(4, at.piece)].concat();
        let body = [&[0][..], &(message.len() as u32).to_be_bytes(), &message].concat();
        let headers = vec![("Content-Type".into(), "application/grpc+proto".into())];
        Chunk { method: "POST", target: "/upload/pkg.Files/Put".into(), headers, body }
    }),
    ("a call of msgpack-rpc", |at| {
        let id = id(at);
        let head =
            [&[0x94, 0, at.index as u8, 0xa3, b'p', b'u', b't', 0x94, 0xd9, id.len() as u8], id.as_bytes()].concat();
        let numbers = [at.index as u8, at.count as u8, 0xc6];
        let body = [&head, &numbers[..], &(at.piece.len() as u32).to_be_bytes(), at.piece].concat();
        Chunk { method: "POST", target: "/upload/rpc".into(), headers: Vec::new(), body }
    }),
    ("a map of CBOR", |at| {
        let head = [0xa3, 0x61, b'i', at.index as u8, 0x61, b'n', at.count as u8, 0x61, b'd', 0x5a];
        let body = [&head[..], &(at.piece.len() as u32).to_be_bytes(), at.piece].concat();
        let headers = vec![("Content-Type".into(), "application/cbor".into())];
        Chunk { method: "POST", target: "/upload/cbor".into(), headers, body }
    }),
    ("objects in variables of GraphQL", |at| {
        let chunk = serde_json::json!({"chunkIndex": at.index, "totalChunks": at.count, "data": base64(at)});
        let variables = serde_json::json!({"input": {"file": {"uploadUid": id(at)}, "chunk": chunk}});
        let query = "mutation put($input: PutChunkInput!) { put(input: $input) { ok } }".repeat(20);
        text(at, "application/json", serde_json::json!({"query": query, "variables": variables}).to_string())
    }),
    ("a form of GraphQL", |at| {
        let variables = serde_json::json!({"file": null, "input": {"index": at.index, "total": at.count}});
        let operations = serde_json::json!({"query": "mutation($file:Upload!){u(f:$file)}", "variables": variables});
        let said = [("operations", operations.to_string()), ("map", r#"{"0":["variables.file"]}"#.into())];
        fields(at, &said, "0")
    }),
];

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn spelled(at: &At<'_>, spell: fn(&str) -> String) -> Chunk {
    let said = [("dzchunkindex", index(at)), ("dztotalchunkcount", count(at)), ("dzuuid", id(at))];
    let said = said.map(|(name, value)| (spell(name), value));
    let said: Vec<(&str, String)> = said.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    fields(at, &said, "file")
}

#[test]
fn a_listed_picture_does_not_pass_in_pieces_whatever_they_are_called_and_an_ordinary_one_does() {
    let origin = Origin::start();
    let penstock = decoding(&origin);
    let (listed, other) = (listed(), png(&landscape(400, 300, 5)));
    let photo = std::fs::read(repository("tests/fixtures/pictures/jfif-thumbnail.jpg")).unwrap();
    let mut wrong = Vec::new();
    for (number, (name, client)) in PROTOCOLS.iter().chain(&BY_HAND).chain(&SPELLINGS).chain(&MESSAGES).enumerate() {
        for (other, ending) in [(&other, "png"), (&photo, "jpg")] {
            let before = origin.requests().len();
            let sent = chunks(*client, &format!("other{number}.{ending}"), other, other.len().div_ceil(4));
            let answers: Vec<u16> = sent.iter().map(|chunk| send(&penstock, chunk).status).collect();
            let arrived = &origin.requests()[before..];
            let is_same =
                arrived.len() == sent.len() && arrived.iter().zip(&sent).all(|(seen, chunk)| seen.body == chunk.body);
            if answers.iter().any(|status| *status != 200) || !is_same {
                wrong.push(format!("{name}: an ordinary {ending} got {answers:?}"));
            }
        }
        let sent = chunks(*client, &format!("listed{number}.png"), &listed, listed.len().div_ceil(4));
        let answers: Vec<u16> = sent.iter().map(|chunk| send(&penstock, chunk).status).collect();
        if answers != [200, 200, 200, 451] {
            wrong.push(format!("{name}: the listed one got {answers:?}"));
        }
        if send(&penstock, sent.last().unwrap()).status != 451 {
            wrong.push(format!("{name}: once more"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(penstock.events("verdict").iter().all(|verdict| verdict["verdict"] != "flag"));
}

#[test]
fn pieces_in_one_request_are_joined_too() {
    let origin = Origin::start();
    let penstock = decoding(&origin);
    for (file, expected) in [(png(&landscape(400, 300, 5)), 200), (listed(), 451)] {
        let pieces: Vec<&[u8]> = file.chunks(file.len().div_ceil(4)).collect();
        let mut body = Vec::new();
        for piece in &pieces {
            body.extend(b"--bnd\r\nContent-Disposition: form-data; name=\"chunks[]\"; filename=\"blob\"\r\n\r\n");
            body.extend_from_slice(piece);
            body.extend(b"\r\n");
        }
        body.extend(b"--bnd--\r\n");
        let members: Vec<String> = pieces.iter().map(|piece| BASE64.encode(piece)).collect();
        let json = serde_json::json!({ "chunks": members }).to_string().into_bytes();
        for (media_type, body) in [("multipart/form-data; boundary=bnd", body), ("application/json", json)] {
            let answer = penstock.connect().exchange("POST", "/upload/all", &[("Content-Type", media_type)], &body);
            assert_eq!(answer.status, expected, "{media_type}: {}", answer.text());
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_no_piece_without_a_sign_of_it() {
    let origin = Origin::start();
    let penstock = decoding(&origin);
    let half = &listed()[..listed().len() / 2];
    let at = At { index: 0, count: 1, offset: 0, total: half.len(), size: half.len(), name: "a.png", piece: half };
    for said in [&[][..], &[("title", "x".to_owned()), ("page", "3".to_owned())]] {
        let answer = send(&penstock, &form(&at, said, "file"));
        assert_eq!(code(&answer), (422, "picture_broken".into()), "{said:?}");
    }
    let marked = form(&at, &[("offset", "0".to_owned()), ("id", "7".to_owned())], "file");
    assert_eq!(send(&penstock, &marked).status, 200);
    let lines = penstock.wait_for_events("verdict", 3);
    assert!(lines.iter().any(|line| line["doubts"].to_string().contains("piece_cut_off")), "{lines:?}");
}

#[test]
fn words_that_are_numbered_need_no_others() {
    let origin = Origin::start();
    let rule = b"[[rule]]\nid = \"turnip\"\nlabels = [\"veg\"]\nkeywords = [\"forbidden turnip\"]\n";
    let setup = Setup::new(&[origin.address]).with(ENFORCING).with_file("rules.toml", rule);
    let penstock = setup.with_top("rules = [\"rules.toml\"]\n").start();
    let json = [("Content-Type", "application/json")];
    let pairs = [("Content-Type", "application/x-www-form-urlencoded")];
    for (headers, body) in [
        (json, r#"{"chunkIndex":2,"totalChunks":3,"text":"The chapter ends with rivers, 12 of them."}"#),
        (json, r#"{"chunk_index":2,"total_chunks":3,"document_id":"17","text":"Größe und Gewähr"}"#),
        (json, r#"{"chunk":"2 of 3","chunks":"3","content":"a few words"}"#),
        (json, r#"{"chunkIndex":3,"totalChunks":4,"url":"https://example.org/films/segment-0004.ts"}"#),
        (json, r#"{"index":4,"total":5,"offset":200,"page":4}"#),
        (pairs, "chunk=3&chunks=4"),
        (pairs, "part=3&of=4&comment=it+goes+on"),
    ] {
        let answer = penstock.connect().exchange("POST", "/upload/api", &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    }
    let text =
        |index: usize, text: &str| format!(r#"{{"chunkIndex":{index},"totalChunks":2,"id":"9","text":"{text}"}}"#);
    let answers = [text(0, "a forbidden tur"), text(1, "nip, and more")]
        .map(|body| penstock.connect().exchange("POST", "/upload/api", &json, body.as_bytes()).status);
    assert_eq!(answers, [200, 451]);
}

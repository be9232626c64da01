//! Requests as each library sends them, by its own source: most run in browsers only.

/// A request with a piece.
#[derive(Clone)]
pub(super) struct Chunk {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// What a chunk is of.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) index: usize,
    pub(super) count: usize,
    pub(super) offset: usize,
    pub(super) total: usize,
    pub(super) size: usize,
    pub(super) name: &'a str,
    pub(super) piece: &'a [u8],
}

impl At<'_> {
    fn is_last(&self) -> bool {
        self.index + 1 == self.count
    }

    fn range(&self) -> (String, String) {
        let last = self.offset + self.piece.len() - 1;
        ("Content-Range".into(), format!("bytes {}-{last}/{}", self.offset, self.total))
    }
}

pub(super) type Client = fn(&At<'_>) -> Chunk;

pub(super) fn form(at: &At<'_>, fields: &[(&str, String)], file: &str) -> Chunk {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--bnd\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    let head = format!("--bnd\r\nContent-Disposition: form-data; name=\"{file}\"; filename=\"{}\"\r\n", at.name);
    body.extend(head.bytes());
    body.extend(b"Content-Type: application/octet-stream\r\n\r\n");
    body.extend(at.piece);
    body.extend(b"\r\n--bnd--\r\n");
    let headers = vec![("Content-Type".into(), "multipart/form-data; boundary=bnd".into())];
    Chunk { method: "POST", target: "/upload/chunk".into(), headers, body }
}

pub(super) fn raw(at: &At<'_>, method: &'static str, target: String, headers: &[(&str, String)]) -> Chunk {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Chunk { method, target, headers, body: at.piece.to_vec() }
}

pub(super) fn dropzone(at: &At<'_>) -> Chunk {
    let fields = [
        ("dzuuid", format!("uuid-{}", at.name)),
        ("dzchunkindex", at.index.to_string()),
        ("dztotalfilesize", at.total.to_string()),
        ("dzchunksize", at.size.to_string()),
        ("dztotalchunkcount", at.count.to_string()),
        ("dzchunkbyteoffset", at.offset.to_string()),
    ];
    form(at, &fields, "file")
}

pub(super) fn resumable_fields(at: &At<'_>, prefix: &str) -> Vec<(String, String)> {
    let names = ["ChunkNumber", "ChunkSize", "CurrentChunkSize", "TotalSize", "Identifier", "Filename", "TotalChunks"];
    let values = [
        (at.index + 1).to_string(),
        at.size.to_string(),
        at.piece.len().to_string(),
        at.total.to_string(),
        format!("{}-{}", at.total, at.name.replace('.', "")),
        at.name.to_owned(),
        at.count.to_string(),
    ];
    names.iter().zip(values).map(|(name, value)| (format!("{prefix}{name}"), value)).collect()
}

pub(super) fn resumable(at: &At<'_>) -> Chunk {
    let fields = resumable_fields(at, "resumable");
    form(at, &fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect::<Vec<_>>(), "file")
}

/// With `method: "octet"`: everything but the bytes is in the query.
pub(super) fn flow_octet(at: &At<'_>) -> Chunk {
    let query: Vec<String> =
        resumable_fields(at, "flow").iter().map(|(name, value)| format!("{name}={value}")).collect();
    raw(
        at,
        "POST",
        format!("/upload/chunk?{}", query.join("&")),
        &[("Content-Type", "application/octet-stream".into())],
    )
}

pub(super) fn simple_uploader(at: &At<'_>) -> Chunk {
    let fields = [
        ("chunkNumber", (at.index + 1).to_string()),
        ("chunkSize", at.size.to_string()),
        ("currentChunkSize", at.piece.len().to_string()),
        ("totalSize", at.total.to_string()),
        ("identifier", format!("{}-{}", at.total, at.name)),
        ("filename", at.name.to_owned()),
        ("totalChunks", at.count.to_string()),
    ];
    form(at, &fields, "file")
}

pub(super) fn plupload(at: &At<'_>) -> Chunk {
    let fields = [("name", at.name.to_owned()), ("chunk", at.index.to_string()), ("chunks", at.count.to_string())];
    form(at, &fields, "file")
}

/// With `multipart: false`.
pub(super) fn plupload_raw(at: &At<'_>) -> Chunk {
    let target = format!("/upload/chunk?name={}&chunk={}&chunks={}", at.name, at.index, at.count);
    raw(at, "POST", target, &[("Content-Type", "application/octet-stream".into())])
}

pub(super) fn fine_uploader(at: &At<'_>) -> Chunk {
    let fields = [
        ("qqpartindex", at.index.to_string()),
        ("qqpartbyteoffset", at.offset.to_string()),
        ("qqchunksize", at.piece.len().to_string()),
        ("qqtotalparts", at.count.to_string()),
        ("qqtotalfilesize", at.total.to_string()),
        ("qqfilename", at.name.to_owned()),
        ("qquuid", format!("5c1e-{}", at.name)),
    ];
    form(at, &fields, "qqfile")
}

pub(super) fn ng_file_upload(at: &At<'_>) -> Chunk {
    let fields = [
        ("_chunkSize", at.size.to_string()),
        ("_currentChunkSize", at.piece.len().to_string()),
        ("_chunkNumber", at.index.to_string()),
        ("_totalSize", at.total.to_string()),
    ];
    form(at, &fields, "file")
}

pub(super) fn kendo(at: &At<'_>) -> Chunk {
    let metadata = format!(
        r#"{{"chunkIndex":{},"contentType":"image/png","fileName":"{}","relativePath":"{1}","totalFileSize":{},"totalChunks":{},"uploadUid":"k-{1}"}}"#,
        at.index, at.name, at.total, at.count
    );
    form(at, &[("metadata", metadata)], "files")
}

pub(super) fn dev_extreme(at: &At<'_>) -> Chunk {
    let metadata = format!(
        r#"{{"FileName":"{}","Index":{},"TotalCount":{},"FileSize":{},"FileType":"image/png","FileGuid":"g-{0}"}}"#,
        at.name, at.index, at.count, at.total
    );
    form(at, &[("chunkMetadata", metadata)], "myFile")
}

pub(super) fn syncfusion(at: &At<'_>) -> Chunk {
    let fields = [
        ("chunk-index", at.index.to_string()),
        ("chunkIndex", at.index.to_string()),
        ("total-chunk", at.count.to_string()),
        ("totalChunk", at.count.to_string()),
    ];
    form(at, &fields, "chunkFile")
}

pub(super) fn jquery_file_upload(at: &At<'_>) -> Chunk {
    let mut chunk = form(at, &[], "files[]");
    chunk.headers.push(at.range());
    chunk
}

pub(super) fn sling(at: &At<'_>) -> Chunk {
    let mut fields = vec![("./a@Length", at.total.to_string()), ("./a@Offset", at.offset.to_string())];
    if at.is_last() {
        fields.push(("./a@Completed", "true".into()));
    }
    form(at, &fields, "./a")
}

pub(super) fn headers_of_chunks(at: &At<'_>) -> Chunk {
    let headers = [
        ("X-Chunk-Index", at.index.to_string()),
        ("X-Total-Chunks", at.count.to_string()),
        ("X-File-Id", format!("id-{}", at.name)),
    ];
    raw(at, "POST", "/upload/chunk".into(), &headers)
}

pub(super) fn huge_uploader(at: &At<'_>) -> Chunk {
    let mut chunk = form(at, &[], "file");
    chunk.headers.push(("uploader-chunk-number".into(), at.index.to_string()));
    chunk.headers.push(("uploader-chunks-total".into(), at.count.to_string()));
    chunk.headers.push(("uploader-file-id".into(), format!("id{}", at.name)));
    chunk
}

pub(super) fn ranges(at: &At<'_>) -> Chunk {
    let mut chunk = raw(at, "PUT", format!("/upload/session?upload_id={}", at.name), &[]);
    chunk.headers.push(at.range());
    chunk
}

/// JupyterLab: 1, 2, … and -1.
pub(super) fn jupyter(at: &At<'_>) -> Chunk {
    let number = if at.is_last() { -1 } else { at.index as i64 + 1 };
    let body = serde_json::json!({
        "type": "file", "format": "base64", "name": at.name, "path": format!("a/long/way/{}", at.name),
        "chunk": number, "content": data_encoding::BASE64.encode(at.piece),
    });
    let headers = vec![("Content-Type".into(), "application/json".into())];
    let target = format!("/upload/api/contents/a/long/way/{}", at.name);
    Chunk { method: "PUT", target, headers, body: body.to_string().into_bytes() }
}

/// The old chunks of ownCloud.
pub(super) fn owncloud(at: &At<'_>) -> Chunk {
    let target = format!("/upload/webdav/{}-chunking-4711-{}-{}", at.name, at.count, at.index);
    raw(at, "PUT", target, &[("OC-Chunked", "1".into()), ("OC-Total-Length", at.total.to_string())])
}

pub(super) const CLIENTS: [(&str, Client); 19] = [
    ("Dropzone", dropzone),
    ("resumable.js", resumable),
    ("flow.js, octet", flow_octet),
    ("simple-uploader.js", simple_uploader),
    ("plupload", plupload),
    ("plupload, multipart: false", plupload_raw),
    ("Fine Uploader", fine_uploader),
    ("ng-file-upload", ng_file_upload),
    ("Kendo UI", kendo),
    ("DevExtreme", dev_extreme),
    ("Syncfusion", syncfusion),
    ("jQuery File Upload", jquery_file_upload),
    ("Sling", sling),
    ("X-Chunk headers", headers_of_chunks),
    ("huge-uploader", huge_uploader),
    ("Content-Range", ranges),
    ("JupyterLab", jupyter),
    ("ownCloud", owncloud),
    ("form in the query", |at| {
        let chunk = form(at, &[], "file");
        let target = format!("/upload/chunk?partIndex={}&totalParts={}&fileId=q{}", at.index, at.count, at.name);
        Chunk { target, ..chunk }
    }),
];

/// The chunks of `file` as `client` sends them one after the other, `size` bytes each.
pub(super) fn chunks(client: Client, name: &str, file: &[u8], size: usize) -> Vec<Chunk> {
    let count = file.len().div_ceil(size);
    let at = |(index, piece)| At { index, count, offset: index * size, total: file.len(), size, name, piece };
    file.chunks(size).enumerate().map(|one| client(&at(one))).collect()
}

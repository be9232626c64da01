//! The configuration file as it is written. Everything here is turned into the types of [`super`] by
//! [`super::validate`], and nothing behind that sees a raw value.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use serde::Deserialize;
use toml::Spanned;

use super::text_list::RawTextList;
use super::units::{ByteSize, Patience, Span};
use super::{
    Ambiguity, Doubtful, Emptied, Forwarded, Inspection, ListFormat, OnBadRow, Pieces, S3Access, Stale, WebSocket,
};
use crate::content::{Mode, SetAction};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    #[serde(default)]
    pub server: RawServer,
    #[serde(default)]
    pub admin: RawAdmin,
    #[serde(default)]
    pub connections: RawConnections,
    #[serde(default)]
    pub limits: RawLimits,
    #[serde(default)]
    pub flood_breaker: RawFloodBreaker,
    #[serde(default)]
    pub reload: RawReload,
    #[serde(default)]
    pub listener: Vec<RawListener>,
    #[serde(default)]
    pub origin: Vec<RawOrigin>,
    pub default_origin: Option<Spanned<String>>,
    #[serde(default)]
    pub route: Vec<RawRoute>,
    #[serde(default)]
    pub hash_set: Vec<RawHashSet>,
    #[serde(default)]
    pub text_list: Vec<RawTextList>,
    #[serde(default)]
    pub rules: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub threads: Option<Spanned<usize>>,
    pub inspection_threads: Option<Spanned<usize>>,
    pub shutdown_grace: Option<Span>,
    pub state_directory: Option<Spanned<String>>,
    pub cache_directory: Option<Spanned<String>>,
    pub worker: Option<bool>,
    pub pdfium: Option<Spanned<String>>,
    #[serde(default)]
    pub trusted_proxies: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConnections {
    pub max: Option<Spanned<usize>>,
    pub tls_timeout: Option<Patience>,
    pub opening_timeout: Option<Patience>,
    pub header_timeout: Option<Spanned<Patience>>,
    pub idle_timeout: Option<Span>,
    pub send_timeout: Option<Patience>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawListener {
    pub address: Spanned<String>,
    pub tls: Option<RawTls>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub certificate: Spanned<String>,
    pub key: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdmin {
    pub address: Option<Spanned<String>>,
    #[serde(default)]
    pub hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrigin {
    pub name: Spanned<String>,
    pub servers: Spanned<Vec<Spanned<String>>>,
    pub connect_timeout: Option<Patience>,
    pub read_timeout: Option<Patience>,
    pub write_timeout: Option<Patience>,
    pub idle_timeout: Option<Span>,
    pub max_requests: Option<Spanned<usize>>,
    pub x_forwarded: Option<Forwarded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    pub name: Spanned<String>,
    pub inspect: Inspection,
    pub host: Option<Spanned<String>>,
    pub path: Option<Spanned<String>>,
    pub methods: Option<Vec<Spanned<String>>>,
    pub origin: Option<Spanned<String>>,
    #[serde(default)]
    pub pass_headers: Vec<Spanned<String>>,
    pub websocket: Option<WebSocket>,
    pub block_status: Option<Spanned<u16>>,
    pub max_body: Option<ByteSize>,
    pub pieces: Option<Pieces>,
    pub malformed: Option<Doubtful>,
    pub ambiguity: Option<Ambiguity>,
    pub undecodable: Option<Doubtful>,
    pub unsupported: Option<Doubtful>,
    pub encrypted: Option<Doubtful>,
    pub over_limit: Option<Doubtful>,
    pub unhashable: Option<Doubtful>,
    pub illegible: Option<Doubtful>,
    pub deadline: Option<Doubtful>,
    pub overload: Option<Doubtful>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHashSet {
    pub name: Spanned<String>,
    pub action: Option<SetAction>,
    pub path: Option<Spanned<String>>,
    pub url: Option<Spanned<String>>,
    pub interval: Option<Spanned<Span>>,
    pub max_bytes: Option<Spanned<ByteSize>>,
    pub ca_certificate: Option<Spanned<String>>,
    pub headers: Option<Spanned<BTreeMap<String, Spanned<RawSecret>>>>,
    pub s3: Option<Spanned<RawS3>>,
    pub public_key: Option<Spanned<String>>,
    pub max_age: Option<Span>,
    pub allow_shrink: Option<Spanned<f64>>,
    pub stale: Option<Stale>,
    pub mode: Option<Mode>,
    #[serde(default)]
    pub max_distance: RawMaxDistance,
    pub min_quality: Option<Spanned<u8>>,
    pub format: Option<Spanned<ListFormat>>,
    pub algorithm: Option<Spanned<String>>,
    pub label: Option<Spanned<String>>,
    pub on_bad_row: Option<OnBadRow>,
    pub columns: Option<Spanned<RawColumns>>,
    pub enforce_share: Option<Spanned<f64>>,
    pub enforce_routes: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub flood_breaker: RawFloodBreaker,
}

/// Which column of a CSV holds what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawColumns {
    pub hash: Option<Spanned<RawColumn>>,
    pub algorithm: Option<Spanned<RawColumn>>,
    pub md5: Option<Spanned<RawColumn>>,
    pub sha1: Option<Spanned<RawColumn>>,
    pub sha256: Option<Spanned<RawColumn>>,
    pub sha512: Option<Spanned<RawColumn>>,
    pub pdq: Option<Spanned<RawColumn>>,
    pub ahash: Option<Spanned<RawColumn>>,
    pub dhash: Option<Spanned<RawColumn>>,
    pub phash: Option<Spanned<RawColumn>>,
    pub photodna: Option<Spanned<RawColumn>>,
    pub tmk: Option<Spanned<RawColumn>>,
    pub id: Option<Spanned<RawColumn>>,
    pub label: Option<Spanned<RawColumn>>,
    pub category: Option<Spanned<RawColumn>>,
    pub source: Option<Spanned<RawColumn>>,
    pub confidence: Option<Spanned<RawColumn>>,
    pub tags: Option<Spanned<RawColumn>>,
    pub added: Option<Spanned<RawColumn>>,
    pub updated: Option<Spanned<RawColumn>>,
    pub note: Option<Spanned<RawColumn>>,
    pub removed: Option<RawRemoved>,
    pub delimiter: Option<Spanned<String>>,
    pub header: Option<bool>,
}

/// A column by its name, or by its number where there is no header.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of a column, or its number where header = false")]
pub(super) enum RawColumn {
    Name(String),
    Number(u32),
}

/// The values of a column that take the row's hashes off the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRemoved {
    pub column: Spanned<RawColumn>,
    pub values: Spanned<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawReload {
    #[serde(default)]
    pub allow_empty: Vec<Emptied>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFloodBreaker {
    pub enabled: Option<bool>,
    pub window: Option<Spanned<Span>>,
    pub min_uploads: Option<Spanned<u32>>,
    pub min_clients: Option<Spanned<u32>>,
    pub factor: Option<Spanned<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSecret {
    pub file: Option<Spanned<String>>,
    pub env: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawS3 {
    pub endpoint: Option<Spanned<String>>,
    pub region: Option<String>,
    pub access: Option<S3Access>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMaxDistance {
    pub pdq: Option<Spanned<u16>>,
    pub ahash: Option<Spanned<u16>>,
    pub dhash: Option<Spanned<u16>>,
    pub phash: Option<Spanned<u16>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub memory_per_upload: Option<ByteSize>,
    pub memory_total: Option<ByteSize>,
    pub spool_total: Option<ByteSize>,
    pub spool_directory: Option<Spanned<String>>,
    pub upload_timeout: Option<Patience>,
    pub first_byte_timeout: Option<Patience>,
    pub min_upload_rate: Option<ByteSize>,
    pub rate_grace: Option<Span>,
    pub inspection_queue: Option<Spanned<usize>>,
    pub inspection_wait: Option<Span>,
    pub inspection_deadline: Option<Patience>,
    pub inspection_rate: Option<ByteSize>,
    pub inspection_work: Option<Patience>,
    pub inspection_work_per_mib: Option<Span>,
    pub max_parts: Option<NonZeroUsize>,
    pub max_escaped_body: Option<ByteSize>,
    pub max_part_header: Option<ByteSize>,
    pub max_depth: Option<NonZeroUsize>,
    pub max_codings: Option<usize>,
    pub max_nesting: Option<usize>,
    pub max_unpacked: Option<ByteSize>,
    pub max_unpack_ratio: Option<NonZeroU64>,
    pub max_carved: Option<usize>,
    pub scan_opaque: Option<bool>,
    pub max_assemblies: Option<NonZeroUsize>,
    pub assembly_timeout: Option<Patience>,
    pub max_picture_side: Option<NonZeroU32>,
    pub max_picture_pixels: Option<NonZeroU64>,
    pub max_picture_memory: Option<ByteSize>,
    pub max_picture_frames: Option<Spanned<usize>>,
    pub decode_deadline: Option<Patience>,
    pub max_rendered_pages: Option<usize>,
    pub render_work: Option<Patience>,
}

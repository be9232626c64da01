//! `penstock quarantine`: a small client of the admin listener.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{ConfigArgs, FAILED, OK, print_problems};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct QuarantineArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the entries that are held back: those that wait for a decision first.
    List {
        #[command(flatten)]
        config: ConfigArgs,
        /// Print one JSON object a line: `set`, `entry`, `hash`, `status`, `since`, `uploads`, `usual`.
        #[arg(long)]
        json: bool,
    },
    /// The entry is right: let it act again. As many uploads as it matched are usual for it from now on.
    Enforce(EntryArgs),
    /// The entry is wrong: keep it out until this is decided otherwise. It need not be in quarantine, but must have
    /// matched lately.
    Monitor(EntryArgs),
}

#[derive(Debug, Args)]
struct EntryArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Name of the hash set.
    set: String,
    /// Name of the entry, as the list and the log have it.
    entry: String,
}

pub(super) fn quarantine(args: &QuarantineArgs) -> u8 {
    match &args.command {
        Command::List { config, json } => list(config, *json),
        Command::Enforce(entry) => decide(entry, "enforce"),
        Command::Monitor(entry) => decide(entry, "monitor"),
    }
}

fn list(config: &ConfigArgs, json: bool) -> u8 {
    let Some(answer) = ask(config, "GET", "/quarantine", None) else {
        return FAILED;
    };
    let entries = answer["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() && !json {
        println!("nothing is in quarantine");
    }
    for entry in entries {
        if json {
            println!("{entry}");
        } else {
            println!("{}", describe(entry));
        }
    }
    OK
}

fn describe(entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let status = match text("status") {
        "quarantined" => "waits for a decision",
        _ => "taken out by a person",
    };
    let (uploads, usual) = (entry["uploads"].as_u64().unwrap_or(0), entry["usual"].as_f64().unwrap_or(0.0));
    format!(
        "hash set {}, entry {}: {status} since {}, {uploads} uploads in a window, usually {usual:.1} ({})",
        text("set"),
        text("entry"),
        text("since"),
        text("hash")
    )
}

fn decide(args: &EntryArgs, decision: &str) -> u8 {
    let EntryArgs { config, set, entry } = args;
    let order = json!({ "set": set, "entry": entry, "decision": decision });
    if ask(config, "POST", "/quarantine/decide", Some(&order)).is_none() {
        return FAILED;
    }
    println!("hash set {set}, entry {entry}: {decision}");
    OK
}

/// The answer of the admin listener; `None` when there is none or it is an error, which is told.
fn ask(config: &ConfigArgs, method: &str, path: &str, body: Option<&Value>) -> Option<Value> {
    let config = Config::load(&config.config).map_err(|problems| print_problems(&problems)).ok()?;
    let address = reachable(config.admin.address);
    match exchange(address, method, path, body) {
        Ok((200, answer)) => Some(answer),
        Ok((status, answer)) => {
            let problem = answer["error"].as_str().map_or_else(|| format!("status {status}"), str::to_owned);
            eprintln!("penstock: {problem}");
            None
        }
        Err(error) => {
            eprintln!("penstock: the admin listener at {address} does not answer: {error}; is Penstock running?");
            None
        }
    }
}

/// A listener on every address is reached on this machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address {
        SocketAddr::V4(one) if one.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(one) if one.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        one => one.ip(),
    };
    SocketAddr::new(ip, address.port())
}

fn exchange(address: SocketAddr, method: &str, path: &str, body: Option<&Value>) -> io::Result<(u16, Value)> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let unclear = || io::Error::new(io::ErrorKind::InvalidData, "its answer is not HTTP");
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(unclear)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(unclear)?;
    Ok((status, serde_json::from_str(body).unwrap_or_default()))
}

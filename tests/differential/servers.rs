//! The parsers' servers: one process each for Python, Node and PHP, and for Go, Ruby and Perl where they are installed,
//! on loopback ports of their own.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::say;
use crate::support::{free_address, repository, skipped, wait_until};

/// A parser and where it is reached: its name is the first segment of the path.
#[derive(Clone, Debug)]
pub(super) struct Parser {
    pub(super) name: String,
    pub(super) address: SocketAddr,
}

/// Running servers. They end with this, or with the test process, however that ends.
pub(super) struct Servers {
    pub(super) parsers: Vec<Parser>,
    /// Servers that have `/echo`, which answers with the header value and the body that it got.
    pub(super) echoes: Vec<SocketAddr>,
    children: Vec<Child>,
}

/// Ends its command when its standard input ends. PHP's server has workers that outlive it, hence the whole group.
const LEASH: &str = r#""$@" </dev/null & exec >&-; cat >/dev/null; kill -KILL 0"#;

impl Servers {
    /// `None`, with a loud word, where the parsers cannot be installed.
    pub(super) fn start() -> Option<Self> {
        let installed = install()?;
        let mut servers = Self { parsers: Vec::new(), echoes: Vec::new(), children: Vec::new() };
        for command in [
            Command::new(installed.join("venv/bin/python")).arg(origin_file("serve.py")),
            Command::new("node").arg(origin_file("serve.js")).env("NODE_PATH", installed.join("node_modules")),
        ] {
            let address = servers.add_many(command).unwrap_or_else(|| panic!("{command:?} does not start"));
            servers.echoes.push(address);
        }
        for command in [
            &Command::new(installed.join("serve-go")),
            &*Command::new("ruby").arg(origin_file("serve.rb")),
            &*Command::new("perl").arg(origin_file("serve.pl")),
        ] {
            if servers.add_many(command).is_none() {
                say(&format!("differential: {command:?} does not start, so its parsers are left out"));
            }
        }
        servers.add_php();
        Some(servers)
    }

    /// Adds a server that says on its first line where it listens and which parsers it has; `None` when it says nothing.
    fn add_many(&mut self, command: &Command) -> Option<SocketAddr> {
        let mut child = on_leash(command).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.children.push(child);
        let mut words = line.split_whitespace();
        let port: u16 = words.next()?.parse().ok()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        self.parsers.extend(words.map(|name| Parser { name: name.to_owned(), address }));
        Some(address)
    }

    /// PHP takes no port 0, so one that was free a moment ago has to do.
    fn add_php(&mut self) {
        let address = free_address();
        let mut command = Command::new("php");
        for setting in [
            "upload_max_filesize=64M",
            "post_max_size=64M",
            "max_file_uploads=1000",
            "max_input_vars=10000",
            "display_errors=0",
        ] {
            command.args(["-d", setting]);
        }
        command
            .args(["-d", "display_errors=0", "-d", "display_startup_errors=0", "-S", &address.to_string()])
            .arg(origin_file("router.php"))
            .env("PHP_CLI_SERVER_WORKERS", "4");
        self.children.push(on_leash(&command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_until("php listens", || TcpStream::connect(address).is_ok());
        self.parsers.push(Parser { name: "php".to_owned(), address });
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            drop(child.stdin.take());
            drop(child.wait());
        }
    }
}

/// `command` as a process that ends with this one, however that ends.
pub(crate) fn on_leash(command: &Command) -> Command {
    let mut leashed = Command::new("sh");
    leashed.args(["-c", LEASH, "sh"]).arg(command.get_program()).args(command.get_args());
    leashed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    leashed.stdin(Stdio::piped()).process_group(0);
    leashed
}

fn origin_file(name: &str) -> PathBuf {
    repository("tests/differential/origins").join(name)
}

/// The folder with the parsers and other servers of others, which are installed if need be.
pub(crate) fn install() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("differential");
    let output = Command::new(repository("tests/differential/setup.sh")).arg(&folder).output().unwrap();
    if output.status.success() {
        return Some(folder);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().last().unwrap_or("setup.sh failed");
    let what = "real parsers behind Penstock, and sets from a real store";
    skipped("differential", what, &format!("they are not installed: {reason}"));
    None
}

//! The routers' servers, on loopback ports of their own.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::super::say;
use super::super::servers::{install, on_leash};
use crate::support::{free_address, repository, wait_until};

/// Where Debian puts it.
const TOMCAT: &str = "/usr/share/java/tomcat10-embed-core.jar";

/// A router and where it is reached. The host `name.test` leads to it.
#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) name: String,
    pub(super) address: SocketAddr,
}

/// Running routers. They end with this, or with the test process, however that ends.
pub(super) struct Routers {
    pub(super) routers: Vec<Router>,
    children: Vec<Child>,
}

impl Routers {
    /// `None`, with a loud word, where the frameworks cannot be installed. Those of Ruby, Go and Java come from the
    /// system, and are left out with a word where they are not there.
    pub(super) fn start() -> Option<Self> {
        let installed = install()?;
        let mut routers = Self { routers: Vec::new(), children: Vec::new() };
        for kind in ["wsgi", "asgi", "own"] {
            let mut python = Command::new(installed.join("venv/bin/python"));
            assert!(routers.add(python.arg(file("routers.py")).arg(kind)), "routers.py {kind} does not start");
        }
        let mut node = Command::new("node");
        node.arg(file("routers.js")).env("NODE_PATH", installed.join("node_modules"));
        assert!(routers.add(&node), "routers.js does not start");
        routers.add_php();
        let (mut ruby, go, mut java) =
            (Command::new("ruby"), Command::new(installed.join("routers/go")), Command::new("java"));
        ruby.arg(file("routers.rb"));
        java.args(["-cp", TOMCAT]).arg(file("Routers.java"));
        for (what, command) in [("Sinatra and Rack", ruby), ("net/http, chi and mux of Go", go), ("Tomcat", java)] {
            if !routers.add(&command) {
                say(&format!("differential-paths: without {what}, which is not installed"));
            }
        }
        Some(routers)
    }

    /// A server that says on its first line which routers it has, `name=port` each. Says whether it started.
    fn add(&mut self, command: &Command) -> bool {
        let mut child = on_leash(command).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.children.push(child);
        let places = line.split_whitespace().map(|place| place.split_once('=').unwrap());
        let routers = places.map(|(name, port)| Router {
            name: name.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())),
        });
        let before = self.routers.len();
        self.routers.extend(routers);
        self.routers.len() > before
    }

    /// PHP takes no port 0, so one that was free a moment ago has to do.
    fn add_php(&mut self) {
        let address = free_address();
        let mut command = Command::new("php");
        command.args(["-d", "display_errors=0", "-S", &address.to_string(), "-t"]).arg(file("php"));
        command.env("PHP_CLI_SERVER_WORKERS", "4");
        self.children.push(on_leash(&command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_until("php listens", || TcpStream::connect(address).is_ok());
        self.routers.push(Router { name: "php".to_owned(), address });
    }
}

impl Drop for Routers {
    fn drop(&mut self) {
        for child in &mut self.children {
            drop(child.stdin.take());
            drop(child.wait());
        }
    }
}

fn file(name: &str) -> PathBuf {
    repository("tests/differential/origins/paths").join(name)
}

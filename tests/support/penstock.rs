//! A real Penstock process on ports of its own, with its files in a temporary folder.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::http::{Connection, Response};
use super::{free_address, wait_until};

pub const BINARY: &str = env!("CARGO_BIN_EXE_penstock");

/// What a Penstock is started with. Paths in `config` are relative to its folder.
pub struct Setup {
    folder: TempDir,
    origins: Vec<SocketAddr>,
    limits: String,
    config: String,
    tls: Option<(String, String)>,
    grace: String,
    server: String,
    top: String,
    state: String,
    cache: String,
    spool: String,
    log_filter: String,
}

/// A running Penstock. It is killed when this is dropped.
pub struct Penstock {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
    log_filter: String,
    verdicts_taken: AtomicUsize,
}

/// A variable of the environment that every Penstock has, for settings that name one.
pub const SECRET_VARIABLE: (&str, &str) = ("PENSTOCK_TEST_SECRET", "a-secret-from-the-environment");

/// A route on `/upload/**` that enforces.
pub const ENFORCING: &str = "[[route]]\nname = \"uploads\"\npath = \"/upload/**\"\ninspect = \"enforce\"\n";

impl Setup {
    pub fn new(origins: &[SocketAddr]) -> Self {
        // On the disk that builds are on: the system's folder for temporary files may be memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::create_dir(folder.path().join("spool")).unwrap();
        Self {
            folder,
            origins: origins.to_vec(),
            limits: String::new(),
            config: String::new(),
            tls: None,
            grace: "0s".to_owned(),
            server: String::new(),
            top: String::new(),
            state: "state".to_owned(),
            cache: "cache".to_owned(),
            spool: "spool".to_owned(),
            log_filter: "info".to_owned(),
        }
    }

    /// Adds what stands before the first table.
    pub fn with_top(mut self, config: &str) -> Self {
        self.top.push_str(config);
        self
    }

    /// Adds to the configuration.
    pub fn with(mut self, config: &str) -> Self {
        self.config.push_str(config);
        self.config.push('\n');
        self
    }

    /// What the log has, as in `PENSTOCK_LOG`.
    pub fn with_log(mut self, filter: &str) -> Self {
        filter.clone_into(&mut self.log_filter);
        self
    }

    /// Adds to `[limits]`.
    pub fn with_limits(mut self, limits: &str) -> Self {
        self.limits.push_str(limits);
        self.limits.push('\n');
        self
    }

    /// Adds to `[server]`.
    pub fn with_server(mut self, server: &str) -> Self {
        self.server.push_str(server);
        self.server.push('\n');
        self
    }

    /// Where it keeps its state.
    pub fn with_state_directory(mut self, directory: &str) -> Self {
        directory.clone_into(&mut self.state);
        self
    }

    /// Where it keeps what can be made again.
    pub fn with_cache_directory(mut self, directory: &str) -> Self {
        directory.clone_into(&mut self.cache);
        self
    }

    /// Where it holds large bodies.
    pub fn with_spool_directory(mut self, directory: &str) -> Self {
        directory.clone_into(&mut self.spool);
        self
    }

    /// How long running requests may take after SIGTERM.
    pub fn with_server_grace(mut self, grace: &str) -> Self {
        grace.clone_into(&mut self.grace);
        self
    }

    pub fn with_folder(self, name: &str) -> Self {
        fs::create_dir(self.folder.path().join(name)).unwrap();
        self
    }

    /// The listener speaks TLS with this certificate and key.
    pub fn with_tls(mut self, certificate: &str, key: &str) -> Self {
        self.tls = Some((certificate.to_owned(), key.to_owned()));
        self
    }

    /// Writes a file into the folder.
    pub fn with_file(self, name: &str, content: &[u8]) -> Self {
        fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    /// Compiles the list `list` in its folder into the set `set`.
    pub fn with_compiled(self, list: &str, set: &str) -> Self {
        let mut compile = Command::new(BINARY);
        compile.args(["set", "compile", list, "-o", set]).current_dir(self.folder.path());
        assert!(compile.output().unwrap().status.success(), "{list} is compiled");
        self
    }

    /// A set named `known` of one hash, that blocks.
    pub fn with_known(self, algorithm: &str, hash: &str) -> Self {
        let list = format!("algorithm,hash,label,id\n{algorithm},{hash},listed,known-1\n");
        self.with_file("known.csv", list.as_bytes()).with("[[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n")
    }

    pub fn start(self) -> Penstock {
        for _ in 0..5 {
            let (address, admin) = (free_address(), free_address());
            fs::write(self.folder.path().join("penstock.toml"), self.text(address, admin)).unwrap();
            let (mut child, log) = spawn(self.folder.path(), &self.log_filter);
            let mut exit = None;
            wait_until("penstock listens", || {
                exit = child.try_wait().unwrap();
                exit.is_some() || (TcpStream::connect(address).is_ok() && TcpStream::connect(admin).is_ok())
            });
            if exit.is_none() {
                let verdicts_taken = AtomicUsize::new(0);
                let (folder, log_filter) = (self.folder, self.log_filter);
                return Penstock { address, admin, child, log, folder, log_filter, verdicts_taken };
            }
            let said = log.lock().unwrap().join("\n");
            assert!(said.contains("cannot listen on"), "penstock did not start:\n{said}");
        }
        panic!("no free ports in five tries");
    }

    /// Runs it where it cannot start. Returns its exit code and what it said.
    pub fn run_in_vain(self, address: SocketAddr) -> (Option<i32>, String) {
        fs::write(self.folder.path().join("penstock.toml"), self.text(address, free_address())).unwrap();
        let (mut child, log) = spawn(self.folder.path(), &self.log_filter);
        let mut exit = None;
        wait_until("penstock gives up", || {
            exit = child.try_wait().unwrap();
            exit.is_some()
        });
        wait_until("the log is read", || Arc::strong_count(&log) == 1);
        (exit.unwrap().code(), log.lock().unwrap().join("\n"))
    }

    /// The whole configuration. Tables of `config` come last, so it may begin with none.
    pub fn text(&self, address: SocketAddr, admin: SocketAddr) -> String {
        let Self { origins, limits, config, grace, server, top, state, cache, spool, .. } = self;
        let servers: Vec<String> = origins.iter().map(|origin| format!("\"{origin}\"")).collect();
        // Tests run side by side on slow machines, and without optimisation.
        let patient = [
            ("inspection_work", "inspection_work = \"60s\"\n"),
            ("inspection_wait", "inspection_wait = \"60s\"\n"),
            ("render_work", "render_work = \"60s\"\n"),
        ];
        let work: String = patient.iter().filter(|(name, _)| !limits.contains(name)).map(|(_, line)| *line).collect();
        let tls = self.tls.as_ref().map_or(String::new(), |(certificate, key)| {
            format!("tls = {{ certificate = \"{certificate}\", key = \"{key}\" }}\n")
        });
        format!(
            "{top}[server]\nthreads = 2\ninspection_threads = 2\nshutdown_grace = \"{grace}\"\n\
             state_directory = \"{state}\"\ncache_directory = \"{cache}\"\n{server}\
             [admin]\naddress = \"{admin}\"\n[[listener]]\naddress = \"{address}\"\n{tls}\
             [limits]\nspool_directory = \"{spool}\"\n{work}{limits}\n\
             [[origin]]\nname = \"site\"\nservers = [{}]\nconnect_timeout = \"30s\"\n{config}",
            servers.join(", ")
        )
    }
}

fn spawn(folder: &Path, log_filter: &str) -> (Child, Arc<Mutex<Vec<String>>>) {
    let mut child = Command::new(BINARY)
        .args(["run", "--log-format", "json", "--config"])
        .arg(folder.join("penstock.toml"))
        .env("PENSTOCK_LOG", log_filter)
        .env(SECRET_VARIABLE.0, SECRET_VARIABLE.1)
        .env("AWS_ACCESS_KEY_ID", "S3RVER")
        .env("AWS_SECRET_ACCESS_KEY", "S3RVER")
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let writing = Arc::clone(&log);
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            writing.lock().unwrap().push(line);
        }
    });
    (child, log)
}

impl Penstock {
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// A connection of a client in another network.
    pub fn connect_from_elsewhere(&self) -> Connection {
        Connection::open_from([127, 9, 9, 9], self.address)
    }

    /// One upload on a connection of its own.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.connect().post(path, headers, body)
    }

    pub fn get_admin(&self, path: &str) -> Response {
        let mut connection = Connection::open(self.admin);
        connection.send(format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.admin));
        connection.read_response().expect("a response of the admin listener")
    }

    /// A request to the admin listener, which looks at more of a request than the origin does.
    pub fn post_admin(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut connection = Connection::open(self.admin);
        let (host, length) = (self.admin.to_string(), body.len());
        let is_named = headers.iter().any(|(name, _)| *name == "Host");
        let mut request = format!("POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n");
        for (name, value) in headers.iter().chain((!is_named).then_some(&("Host", host.as_str()))) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        connection.send(format!("{request}\r\n{body}"));
        connection.read_response().expect("a response of the admin listener")
    }

    /// Kills it and starts it again in its folder, on its ports.
    pub fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, self.log) = spawn(self.folder.path(), &self.log_filter);
        self.verdicts_taken = AtomicUsize::new(0);
        wait_until("penstock listens again", || {
            assert_eq!(self.child.try_wait().unwrap(), None, "{}", self.log_text());
            TcpStream::connect(self.address).is_ok() && TcpStream::connect(self.admin).is_ok()
        });
    }

    /// Runs a subcommand on its configuration. Standard output and error together, and the exit code.
    pub fn command(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let output =
            Command::new(BINARY).args(arguments).arg("--config").arg(self.path("penstock.toml")).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&said).into_owned(), output.status.code())
    }

    /// The value of a metric, by its name with labels as in the text format. Zero when it is not there yet.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.get_admin("/metrics").text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Every log line so far whose `event` is `event`.
    pub fn events(&self, event: &str) -> Vec<Value> {
        let log = self.log.lock().unwrap();
        let lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["event"] == event).collect()
    }

    /// Waits for the `count`th line of `event` and returns all.
    pub fn wait_for_events(&self, event: &str, count: usize) -> Vec<Value> {
        wait_until(&format!("the log has {count} lines of {event}"), || self.events(event).len() >= count);
        self.events(event)
    }

    /// The log line of the next verdict that has not been taken yet.
    pub fn next_verdict(&self) -> Value {
        let taken = self.verdicts_taken.fetch_add(1, Ordering::SeqCst);
        self.wait_for_events("verdict", taken + 1).swap_remove(taken)
    }

    pub fn log_text(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Replaces a file as editors and deployments do: written beside, then renamed.
    pub fn replace(&self, name: &str, content: &[u8]) {
        // By the name, as several threads may replace files.
        let beside = self.path(&format!("{}.tmp", name.replace('/', "-")));
        fs::write(&beside, content).unwrap();
        fs::rename(beside, self.path(name)).unwrap();
    }

    /// Edits the configuration.
    pub fn edit_config(&self, edit: impl FnOnce(String) -> String) {
        let text = fs::read_to_string(self.path("penstock.toml")).unwrap();
        self.replace("penstock.toml", edit(text).as_bytes());
    }

    pub fn generation(&self) -> u64 {
        self.get_admin("/snapshot").json()["generation"].as_u64().unwrap()
    }

    pub fn wait_for_generation(&self, generation: u64) {
        wait_until(&format!("snapshot {generation} serves"), || self.generation() >= generation);
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    pub fn wait_for_exit(&mut self) -> std::process::ExitStatus {
        let mut status = None;
        wait_until("penstock has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Bytes in spool files, which have no name: only `/proc` shows them.
    pub fn spooled_bytes(&self) -> u64 {
        let spool = self.path("spool").canonicalize().unwrap();
        let files = fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().map_while(Result::ok);
        let spooled = files.filter(|file| fs::read_link(file.path()).is_ok_and(|target| target.starts_with(&spool)));
        spooled.filter_map(|file| fs::metadata(file.path()).ok()).map(|metadata| metadata.len()).sum()
    }

    /// A file that the system keeps about its process.
    pub fn process_file(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.child.id())).unwrap()
    }

    /// Memory of its own in bytes: pages that no file backs.
    pub fn anonymous_memory(&self) -> u64 {
        let mut status = String::new();
        File::open(format!("/proc/{}/status", self.child.id())).unwrap().read_to_string(&mut status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Penstock {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            eprintln!("--- penstock's log\n{}\n---", self.log_text());
        }
    }
}

//! `penstock worker`: what a proxy starts for decoders written in C, and a look at how well it is confined.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{env, io};

use clap::{Args, ValueEnum};

use super::{FAILED, OK};
use crate::content::DecodeLimits;
use crate::media::ForeignFormat;
use crate::worker::{Confinement, Forbidden, Hello, Rations, Role, Workers, attempt, serve};

/// Exit code of `--attempt` when what is forbidden was refused.
const REFUSED: u8 = 3;

#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    /// Bytes that the pixels of one file may take.
    #[arg(long, value_name = "BYTES", default_value_t = DecodeLimits::default().max_alloc)]
    max_alloc: u64,
    /// CPU time after which the system ends the worker.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    cpu_seconds: u64,
    /// Render documents, in place of decoding pictures.
    #[arg(long)]
    documents: bool,
    /// The file of pdfium, unless it is where the system's linker looks.
    #[arg(long, value_name = "FILE")]
    pdfium: Option<PathBuf>,
    /// Start a worker as the proxy does, say what it decodes and what keeps it from doing anything else, and try that.
    #[arg(long, conflicts_with = "attempt")]
    probe: bool,
    /// Confine this process, then do what a worker must not be able to do. Exits with 3 when it was refused.
    #[arg(long, value_enum)]
    attempt: Option<Attempt>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Attempt {
    File,
    Socket,
}

pub(super) fn worker(args: &WorkerArgs) -> u8 {
    let rations = Rations { max_alloc: args.max_alloc, cpu: Duration::from_secs(args.cpu_seconds) };
    match args.attempt {
        Some(Attempt::File) => refused(attempt(Forbidden::File, &rations)),
        Some(Attempt::Socket) => refused(attempt(Forbidden::Socket, &rations)),
        None if args.probe => probe(args.pdfium.clone()),
        None => {
            let pdfium = args.pdfium.clone();
            let role = if args.documents { Role::Documents { pdfium } } else { Role::Pictures };
            serve(&role, &rations).map_or(FAILED, |()| OK)
        }
    }
}

fn refused(attempt: io::Result<()>) -> u8 {
    attempt.map_or(REFUSED, |()| OK)
}

fn probe(pdfium: Option<PathBuf>) -> u8 {
    let workers = Workers::new(0, Arc::default()).rendering_by(pdfium);
    let hello = match workers.hello() {
        Ok(hello) => hello,
        Err(why) => {
            eprintln!("penstock: {why}");
            return FAILED;
        }
    };
    print_hello(&hello, workers.renders());
    let attempts = [("opening a file", "file"), ("making a socket", "socket")];
    let codes = attempts.map(|(what, name)| print_attempt(what, name));
    let is_confined = hello.confinement.seccomp && hello.confinement.limits;
    codes.into_iter().fold(if is_confined { OK } else { FAILED }, u8::max)
}

fn print_hello(hello: &Hello, renders: Result<(), &str>) {
    println!("library          {}", hello.library);
    for format in ForeignFormat::ALL {
        println!("{:<16} {}", format.to_string(), hello.lacks(format).unwrap_or("decoded"));
    }
    println!("pages of PDF     {}", renders.map_or_else(|why| why, |()| "rendered by pdfium"));
    let Confinement { seccomp, landlock, limits } = hello.confinement;
    let in_force = |is_set| if is_set { "in force" } else { "NOT in force" };
    println!("system calls     filter {} (seccomp)", in_force(seccomp));
    println!("resource limits  {}", in_force(limits));
    match landlock {
        0 => println!("landlock         not on this system"),
        version => println!("landlock         in force, version {version}"),
    }
}

/// Tries it in a process of its own, since the attempt may end that.
fn print_attempt(what: &str, name: &str) -> u8 {
    let tried = env::current_exe().and_then(|program| {
        let mut child = Command::new(program);
        child.args(["worker", "--attempt", name]).stdin(Stdio::null()).stdout(Stdio::null()).status()
    });
    let (said, code) = match tried.as_ref().map(|status| (status.code(), status)) {
        Ok((Some(code), _)) if code == i32::from(REFUSED) => ("is refused".to_owned(), OK),
        Ok((None, status)) => (format!("ends the worker ({})", signal(*status)), OK),
        Ok((Some(_), _)) => ("WORKS, which it must not".to_owned(), FAILED),
        Err(error) => (format!("could not be tried: {error}"), FAILED),
    };
    println!("{what:<16} {said}");
    code
}

fn signal(status: ExitStatus) -> String {
    match status.signal() {
        Some(libc::SIGSYS) => "SIGSYS".to_owned(),
        Some(other) => format!("signal {other}"),
        None => "no signal".to_owned(),
    }
}

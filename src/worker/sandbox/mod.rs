//! What a worker takes from itself before it reads the first byte of an upload.
//!
//! In this order, since each needs what the next takes away: it dies with its parent; landlock leaves no file and no
//! address to reach; resource limits; seccomp leaves hardly a system call. The last one is what the worker stands on:
//! without it nothing is decoded. The others are taken as far as the kernel knows them.

mod descriptors;
mod seccomp;

use std::io;
use std::time::Duration;

use landlock::{ABI, Access, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};

pub(super) use descriptors::close_inherited;

/// What one worker may use up in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rations {
    /// Bytes that the pixels of a file may take, see [`DecodeLimits::max_alloc`](crate::content::DecodeLimits).
    pub max_alloc: u64,
    /// CPU time of all its threads together, in whole seconds.
    pub cpu: Duration,
}

/// What is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// Whether system calls are filtered.
    pub seccomp: bool,
    /// Version of landlock's interface that is in force, 0 for none.
    pub landlock: u8,
    /// Whether every resource limit is set.
    pub limits: bool,
}

/// The newest version of landlock that is asked for. Later ones add nothing that seccomp leaves.
const LANDLOCK: ABI = ABI::V6;

/// Address space for stacks of threads, arenas of the allocator and the like.
const ROOM: u64 = 256 << 20;

/// Descriptors that a worker has: the three that every process has, and the two ends that it reads and writes.
const DESCRIPTORS: u64 = 5;

/// Confines this process for the rest of its life. What libraries it needs must have been loaded.
///
/// To the kernel, the parent is the thread that started the worker: threads of a pool that lives as long as the proxy.
pub(super) fn confine(rations: &Rations) -> Confinement {
    let mortal = rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .and_then(|()| rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .and_then(|()| rustix::thread::set_no_new_privs(true));
    let mapped = mapped();
    let landlock = restrict_files_and_addresses();
    let limits = mortal.is_ok() && mapped.is_ok_and(|mapped| limit_resources(rations, mapped).is_ok());
    Confinement { seccomp: seccomp::install().is_ok(), landlock, limits }
}

/// Memory twice over what pixels may take, since the file, the planes that a codec fills and the colours made of them
/// stand beside each other, on top of the `mapped` bytes that the process has mapped already.
///
/// Not the number of processes: that counts those of the whole user, and seccomp allows none.
fn limit_resources(rations: &Rations, mapped: u64) -> io::Result<()> {
    let memory = rations.max_alloc.saturating_mul(2).saturating_add(ROOM).saturating_add(mapped);
    let limits = [
        (Resource::As, memory),
        (Resource::Cpu, rations.cpu.as_secs()),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Memlock, 0),
        (Resource::Nofile, DESCRIPTORS),
    ];
    for (resource, limit) in limits {
        rustix::process::setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

/// Bytes of address space that are mapped now.
fn mapped() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB"));
    let kibibytes: u64 = size.and_then(|size| size.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok(kibibytes.saturating_mul(1024))
}

/// Leaves no file to open, no address to connect to and no process outside to signal. Returns the version in force.
fn restrict_files_and_addresses() -> u8 {
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.restrict_self());
    match restricted {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => match status.landlock {
            LandlockStatus::Available { effective_abi, .. } => effective_abi.min(LANDLOCK) as u8,
            _ => 0,
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Landlock confines threads, so that a test can try it on one of its own.
    #[test]
    fn landlock_leaves_no_file_to_open() {
        let tried = std::thread::spawn(|| (restrict_files_and_addresses(), std::fs::read("/proc/self/status")));
        let (version, read) = tried.join().unwrap();
        match version {
            0 => assert!(read.is_ok(), "nothing is in force, as it says"),
            _ => assert_eq!(read.unwrap_err().kind(), io::ErrorKind::PermissionDenied),
        }
    }
}

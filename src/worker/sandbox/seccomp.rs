//! The system calls that are left.
//!
//! Three kinds: those that decoding needs; those that libraries are known to try and to do without, which are answered
//! as if the kernel had never heard of them; and all others, which end the process. Among the last are all of sockets,
//! processes, files with names, and memory that can be executed.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// What is allowed with any arguments. Files are read and written only as far as they are open: two pipes.
const ALLOWED: &[c_long] = &[
    // The pipes.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    // Memory.
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // Threads of codecs.
    libc::SYS_futex,
    libc::SYS_gettid,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    // Signals, which Rust's runtime and threads arrange for themselves.
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Time, chance, and the end.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getrandom,
];

/// What is answered with "no such call": looking for files (the number of processors, say), and the newer way to start a
/// thread, whose flags a filter cannot see. The C library falls back to `clone`.
const REFUSED: &[c_long] = &[
    libc::SYS_clone3,
    libc::SYS_faccessat,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_readlinkat,
    libc::SYS_statx,
    libc::SYS_sysinfo,
    libc::SYS_uname,
];

/// Those of [`REFUSED`] that only older architectures have.
#[cfg(target_arch = "x86_64")]
const REFUSED_LEGACY: &[c_long] = &[libc::SYS_access, libc::SYS_open, libc::SYS_readlink, libc::SYS_stat];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_LEGACY: &[c_long] = &[];

/// Filters the system calls of every thread of this process, for good.
///
/// # Errors
/// The kernel has no seccomp, or the architecture is not known.
pub(super) fn install() -> Result<(), seccompiler::Error> {
    // Where two filters answer, the stricter answer counts: what is refused here stays refused below.
    let refusing = SeccompFilter::new(
        refused()?,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    let allowing = SeccompFilter::new(
        allowed()?,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    for filter in [refusing, allowing] {
        let program: BpfProgram = filter.try_into()?;
        seccompiler::apply_filter_all_threads(&program)?;
    }
    Ok(())
}

/// Calls, and for each the arguments it is meant with: any where there is no rule.
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Besides [`REFUSED`], naming threads and whatever else `prctl` does, but for what installing a filter begins with.
fn refused() -> Result<Rules, BackendError> {
    let mut rules: Rules = REFUSED.iter().chain(REFUSED_LEGACY).map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_prctl, vec![argument(0, SeccompCmpOp::Ne, libc::PR_SET_NO_NEW_PRIVS)?]);
    Ok(rules)
}

fn allowed() -> Result<Rules, BackendError> {
    let mut rules: Rules =
        ALLOWED.iter().copied().chain(refused()?.into_keys()).map(|call| (call, Vec::new())).collect();
    let masked = |bits: c_int| SeccompCmpOp::MaskedEq(bits as u64);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![argument(2, masked(libc::PROT_EXEC), 0)?]);
    }
    rules.insert(libc::SYS_clone, vec![argument(0, masked(libc::CLONE_THREAD), libc::CLONE_THREAD)?]);
    Ok(rules)
}

/// A call whose argument `index` compares like this with `value`.
fn argument(index: u8, compare: SeccompCmpOp, value: c_int) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(index, SeccompCmpArgLen::Dword, compare, value as u64)?])
}

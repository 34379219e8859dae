//! A process as the kernel told it, as the model speaks of it.

use wharf_model::process::Process;
use wharf_os::Os;
use wharf_os::facts::ProcessFacts;
use wharf_os::traits::Host;

/// Returns the process of the model; `fds` are those by which it holds what is spoken of.
pub(crate) fn told(facts: ProcessFacts, fds: Vec<u32>, host: &dyn Host) -> Process {
    Process {
        pid: facts.pid,
        started_at: facts.started_at,
        start_ticks: facts.start_ticks,
        ppid: Some(facts.ppid).filter(|&ppid| ppid != 0),
        name: facts.name,
        command: facts.command,
        exe: facts.exe,
        exe_deleted: facts.exe_deleted,
        cwd: facts.cwd,
        uid: facts.uid,
        user: facts.uid.and_then(|uid| host.user_name(uid)),
        state: facts.state,
        tty: facts.tty,
        cgroup: facts.cgroup,
        fds,
    }
}

/// Returns the processes `pids`, but for those that are gone.
#[must_use]
pub fn read(os: &Os, pids: &[u32]) -> Vec<Process> {
    os.processes.read(pids).into_iter().map(|facts| told(facts, Vec::new(), &*os.host)).collect()
}

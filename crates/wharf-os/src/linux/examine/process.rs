//! One process as it matters to somebody who waits for it: what each thread waits in, who traces it, how many files it may
//! open; proc_pid_stat(5), proc_pid_task(5), proc_pid_wchan(5), proc_pid_syscall(5), proc_pid_limits(5).
//!
//! States, limits, CPU times and the number of open files are everybody's to read; what a thread waits in is not.
//! Not here: its control group (`cgroup`), and what follows.

use std::fs;

use wharf_sys::linux::proc_dir::{ProcDir, ProcessDir};
use wharf_sys::linux::syscall_names;
use wharf_sys::text::stat;

/// One process, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub start_ticks: u64,
    /// Parent's process id.
    pub ppid: u32,
    /// Session leader's process id.
    pub session: u32,
    /// Name (`comm`).
    pub name: String,
    /// Executable's file name; its arguments are not needed here.
    pub program: Option<String>,
    /// Its threads, the first thread first; at most 256.
    pub threads: Vec<Thread>,
    /// Who traces one of its threads.
    pub tracer: Option<u32>,
    /// How many files it has open; before Linux 6.2 only where that may be counted.
    pub files: Option<u64>,
    /// How many it may have open (RLIMIT_NOFILE, the soft limit).
    pub files_limit: Option<u64>,
}

/// One thread, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Thread id; that of the process for the first.
    pub tid: u32,
    /// Name (`comm`).
    pub name: String,
    /// State letter of ps(1): R S D T t Z.
    pub state: char,
    /// Function of the kernel that it waits in; `None` where that may not be read, or it does not wait.
    pub wchan: Option<String>,
    /// System call that it is in; `None` as before.
    pub call: Option<Call>,
    /// Nanoseconds that it ran, and that it was ready to and had to wait for a CPU.
    pub wanted_cpu_ns: Option<u64>,
    /// How often it was given a CPU.
    pub turns: Option<u64>,
}

/// A system call with its arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Its name, if it is one that programs wait in.
    pub name: Option<&'static str>,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// Looks at process `pid`; `None` if it is gone.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    let proc = ProcDir::open().ok()?;
    let directory = proc.process(pid).ok()?;
    let mut buffer = Vec::new();
    directory.read("stat", &mut buffer).ok()?;
    let stat = stat::parse(&buffer)?;
    let tracer = text(&directory, "status", &mut buffer).and_then(|status| tracer(&status));
    let mut threads = Vec::new();
    let mut tids = proc.threads(pid).unwrap_or_else(|_| vec![pid]);
    tids.sort_by_key(|&tid| (tid != pid, tid));
    for tid in tids.into_iter().take(THREADS_AT_MOST) {
        threads.extend(thread(&directory, tid, &mut buffer));
    }
    let tracer = tracer.or_else(|| {
        let traced = threads.iter().find(|thread| thread.state == 't')?;
        text(&directory, &format!("task/{}/status", traced.tid), &mut buffer)
            .and_then(|status| self::tracer(&status))
    });
    let files_limit = text(&directory, "limits", &mut buffer).and_then(|limits| files_limit(&limits));
    let exe = directory.link("exe").ok().map(|path| lossy(&path));
    Some(Process {
        pid,
        start_ticks: stat.start_ticks,
        ppid: stat.ppid,
        session: stat.session,
        name: lossy(&stat.name),
        program: exe.map(|path| {
            let path = path.trim_end_matches(" (deleted)");
            path.rsplit('/').next().unwrap_or(path).to_owned()
        }),
        threads,
        tracer,
        files: files(&directory, pid, files_limit),
        files_limit,
    })
}

/// Returns whether the epoll instance that process `pid` has open as `epoll` watches the socket `inode`; `None` if that may
/// not be read.
#[must_use]
pub fn epoll_watches(pid: u32, epoll: u64, inode: u64) -> Option<bool> {
    let mut buffer = Vec::new();
    let directory = ProcDir::open().ok()?.process(pid).ok()?;
    let info = text(&directory, &format!("fdinfo/{epoll}"), &mut buffer)?;
    let watched = format!(" ino:{inode:x} ");
    Some(info.lines().any(|line| line.starts_with("tfd:") && line.contains(&watched)))
}

/// Returns the inode of the socket that process `pid` has open as `fd`; `None` if it is none, or may not be read.
#[must_use]
pub fn socket_of(pid: u32, fd: u64) -> Option<u64> {
    let link = ProcDir::open().ok()?.link(&format!("{pid}/fd/{fd}")).ok()?;
    std::str::from_utf8(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?).ok()?.parse().ok()
}

/// Returns whether process `pid` has a file mapped whose path has `word` in it; also false where that may not be read.
#[must_use]
pub fn maps(pid: u32, word: &str) -> bool {
    let mut buffer = Vec::new();
    let read = ProcDir::open().and_then(|proc| proc.read(&format!("{pid}/maps"), &mut buffer));
    read.is_ok() && lossy(&buffer).lines().any(|line| line.contains(word))
}

/// Returns the name of process `pid`.
#[must_use]
pub fn name_of(pid: u32) -> Option<String> {
    let mut buffer = Vec::new();
    ProcDir::open().ok()?.read(&format!("{pid}/comm"), &mut buffer).ok()?;
    Some(lossy(&buffer).trim_end().to_owned())
}

/// Returns the files that are open on this machine, and how many may be; proc_sys_fs(5).
#[must_use]
pub fn files_of_machine() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/sys/fs/file-nr").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let (open, free, most) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some((open.saturating_sub(free), most))
}

fn thread(directory: &ProcessDir, tid: u32, buffer: &mut Vec<u8>) -> Option<Thread> {
    directory.read(&format!("task/{tid}/stat"), buffer).ok()?;
    let stat = stat::parse(buffer)?;
    let mut read = |name: &str| text(directory, &format!("task/{tid}/{name}"), buffer);
    let wchan = read("wchan").map(|name| name.trim().to_owned());
    let call = read("syscall").and_then(|line| call(&line));
    let times: Vec<u64> = read("schedstat")
        .map(|line| line.split_whitespace().filter_map(|number| number.parse().ok()).collect())
        .unwrap_or_default();
    Some(Thread {
        tid,
        name: lossy(&stat.name),
        state: char::from(stat.state),
        // Where it may not be told the kernel says 0.
        wchan: wchan.filter(|name| !name.is_empty() && name != "0"),
        call,
        wanted_cpu_ns: times.first().zip(times.get(1)).map(|(ran, waited)| ran.saturating_add(*waited)),
        turns: times.get(2).copied(),
    })
}

/// Reads `NUMBER 0x1 0x2 …`; there is no number in `running`, and none of a system call in -1.
fn call(line: &str) -> Option<Call> {
    let mut words = line.split_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    if number < 0 {
        return None;
    }
    let mut arguments = [0; 6];
    for (argument, word) in arguments.iter_mut().zip(words) {
        *argument = u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap_or(0);
    }
    Some(Call { name: syscall_names::name(number), arguments })
}

fn tracer(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
    line.trim().parse().ok().filter(|&pid| pid != 0)
}

fn files_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Returns how many descriptors are open that count for the limit: one above it was opened before it was lowered.
fn files(directory: &ProcessDir, pid: u32, limit: Option<u64>) -> Option<u64> {
    let size = directory.size("fd").ok().filter(|&size| size > 0);
    if size.is_some_and(|size| limit.is_none_or(|limit| size < limit)) {
        return size;
    }
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return size };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok());
    Some(numbers.filter(|&number| limit.is_none_or(|limit| number < limit)).count() as u64)
}

fn text(directory: &ProcessDir, name: &str, buffer: &mut Vec<u8>) -> Option<String> {
    directory.read(name, buffer).ok()?;
    Some(lossy(buffer))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A bound against a program with a thread for each of thousands of clients.
const THREADS_AT_MOST: usize = 256;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    use super::{call, files_limit, files_of_machine, process, socket_of, tracer};

    #[test]
    fn its_own_process_is_seen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = process(std::process::id()).unwrap();
        assert!(own.threads.len() >= 2 && own.threads[0].tid == own.pid, "{own:?}");
        assert!(own.files.unwrap() <= own.files_limit.unwrap());
        assert_eq!(own.tracer, None);
        assert!(socket_of(own.pid, u64::try_from(listener.as_raw_fd()).unwrap()).is_some());
        assert_eq!(socket_of(own.pid, 1_000_000), None);
        let (open, most) = files_of_machine().unwrap();
        assert!(open > 0 && open < most);
    }

    #[test]
    fn what_waits_is_told_by_its_call() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let asleep = || {
            let seen = process(child.id())?;
            let thread = seen.threads.first()?.clone();
            let waits = thread.call.as_ref()?.name == Some("clock_nanosleep");
            (seen.name == "sleep" && waits && thread.state == 'S').then_some(())
        };
        let begin = std::time::Instant::now();
        while asleep().is_none() {
            assert!(begin.elapsed().as_secs() < 30, "{:?}", process(child.id()));
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(process(child.id()), None);
    }

    #[test]
    fn files_of_the_kernel_are_read_by_their_form() {
        assert_eq!(call("running"), None);
        assert_eq!(call("-1 0x7ff 0x0"), None);
        assert_eq!(call("0 0x8 0x7fb6d72efbc0 0x1 0x0 0x0 0x0 0x7 0x8").unwrap().arguments[0], 8);
        assert_eq!(tracer("Name:\tx\nTracerPid:\t41\n"), Some(41));
        assert_eq!(tracer("TracerPid:\t0\n"), None);
        assert_eq!(
            files_limit("Max open files            1024                 4096                 files\n"),
            Some(1024)
        );
        assert_eq!(
            files_limit("Max open files            unlimited            unlimited            files\n"),
            None
        );
    }
}

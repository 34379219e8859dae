//! The four loads of the benchmark: xtask starts itself again as the processes of each.
//!
//! A child says `ready` on stdout once it holds everything, and ends when its stdin closes; nobody
//! sleeps. Not here: what is measured under a load.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

/// First port of every load; the network namespace is the load's own.
const FIRST_PORT: u16 = 3000;

/// Descriptor from which a process of load A or B has its listeners: after what servers open first.
const FIRST_LISTENER_FD: u16 = 20;

/// What runs while the tools are measured.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    shape: Shape,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Processes with open files, of which some listen.
    Listeners { processes: u16, fds: u16, listeners: u16, with_sockets: bool, first: First },
    /// Pairs of a server and its client, with many connections between them.
    Connections { pairs: u16, each: u16 },
}

/// At which descriptor the listeners of a process begin.
#[derive(Clone, Copy, Debug)]
enum First {
    /// At one number in all: servers of one kind.
    Same,
    /// At one of 29 numbers, in no order: servers of many kinds.
    Mixed,
}

const LOADS: [Load; 4] = [
    Load {
        name: "A",
        description: "100 processes of 20 descriptors, 10 listeners",
        shape: Shape::Listeners {
            processes: 100,
            fds: 20,
            listeners: 10,
            with_sockets: false,
            first: First::Same,
        },
    },
    Load {
        name: "B",
        description: "300 processes of 100 descriptors (a third of them sockets), 1,000 listeners",
        shape: Shape::Listeners {
            processes: 300,
            fds: 100,
            listeners: 1000,
            with_sockets: true,
            first: First::Same,
        },
    },
    Load {
        name: "C",
        description: "40 processes, 50,000 loopback connections between them, 20 listeners",
        shape: Shape::Connections { pairs: 20, each: 2500 },
    },
    Load {
        name: "D",
        description: "200 processes of 40 descriptors, 40 listeners, each at a number of its own",
        shape: Shape::Listeners {
            processes: 200,
            fds: 40,
            listeners: 40,
            with_sockets: true,
            first: First::Mixed,
        },
    },
];

/// A load that runs.
pub(super) struct Running {
    children: Vec<(Child, BufReader<ChildStdout>)>,
    /// Every listener: its port and the process that has it.
    pub(super) listeners: Vec<(u16, u32)>,
}

impl First {
    /// Returns the number in process `index`.
    fn of(self, index: u16) -> u16 {
        match self {
            Self::Same => FIRST_LISTENER_FD,
            Self::Mixed => 4 + index * 11 % 29,
        }
    }
}

impl Load {
    /// Returns all loads, in the order of the report.
    pub(super) fn all() -> &'static [Load] {
        &LOADS
    }

    /// Returns the load called `name`.
    pub(super) fn named(name: &str) -> Result<Self> {
        LOADS
            .iter()
            .find(|load| load.name == name)
            .cloned()
            .with_context(|| format!("no load is named {name}"))
    }
}

/// Starts every process of `load` and waits until all of them hold what they should.
pub(super) fn start(load: &Load) -> Result<Running> {
    let mut running = Running { children: Vec::new(), listeners: Vec::new() };
    match load.shape {
        Shape::Listeners { processes, fds, listeners, with_sockets, first } => {
            let mut port = FIRST_PORT;
            for index in 0..processes {
                let own = share(listeners, processes, index);
                let arguments = [port, own, fds, u16::from(with_sockets), first.of(index)];
                running.spawn("listen", &arguments, port..port + own)?;
                port += own;
            }
            running.all_say("ready")?;
        }
        Shape::Connections { pairs, each } => {
            let ports = FIRST_PORT..FIRST_PORT + pairs;
            for port in ports.clone() {
                running.spawn("serve", &[port, each], port..port + 1)?;
            }
            running.all_say("listening")?;
            for port in ports {
                running.spawn("connect", &[port, each], 0..0)?;
            }
            running.all_say("ready")?;
        }
    }
    Ok(running)
}

impl Running {
    fn spawn(&mut self, role: &str, arguments: &[u16], ports: std::ops::Range<u16>) -> Result<()> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("load-child").arg(role).args(arguments.iter().map(ToString::to_string));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("start a load")?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        self.listeners.extend(ports.map(|port| (port, child.id())));
        self.children.push((child, BufReader::new(stdout)));
        Ok(())
    }

    /// Waits for one line of every child.
    fn all_say(&mut self, word: &str) -> Result<()> {
        for (_, stdout) in &mut self.children {
            let mut line = String::new();
            stdout.read_line(&mut line)?;
            if line.trim_end() != word {
                bail!("a process of the load said {line:?} instead of {word}");
            }
        }
        Ok(())
    }

    /// Ends every process, by closing what it waits on.
    pub(super) fn stop(self) -> Result<()> {
        for (mut child, _) in self.children {
            drop(child.stdin.take());
            child.wait().context("wait for a process of the load")?;
        }
        Ok(())
    }
}

/// Runs as one process of a load.
pub(crate) fn child(arguments: &[String]) -> Result<bool> {
    let [role, numbers @ ..] = arguments else { bail!("load-child ROLE NUMBERS…") };
    let numbers: Vec<u16> = numbers.iter().map(|number| number.parse()).collect::<Result<_, _>>()?;
    match (role.as_str(), numbers.as_slice()) {
        ("listen", &[port, listeners, fds, with_sockets, first]) => {
            listen(port, listeners, fds, with_sockets == 1, first)
        }
        ("serve", &[port, connections]) => serve(port, connections),
        ("connect", &[port, connections]) => connect(port, connections),
        _ => bail!("a load has no such process: {role} {numbers:?}"),
    }?;
    Ok(true)
}

fn listen(port: u16, listeners: u16, fds: u16, with_sockets: bool, first: u16) -> Result<()> {
    let mut held: Vec<OwnedFd> = Vec::new();
    let wanted = i32::from(fds);
    // A process of few descriptors has its listeners last.
    let first = i32::from(first).min(wanted - i32::from(listeners));
    fill_until(&mut held, first, with_sockets)?;
    for port in port..port + listeners {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("bind {port}"))?;
        held.push(listener.into());
    }
    fill_until(&mut held, wanted, with_sockets)?;
    say("ready")?;
    wait_for_end()
}

/// Opens files, or every third time a socket, until the next free descriptor is `next`.
fn fill_until(held: &mut Vec<OwnedFd>, next: i32, with_sockets: bool) -> Result<()> {
    loop {
        let filler: OwnedFd = match held.len() % 3 {
            0 if with_sockets => UnixDatagram::unbound()?.into(),
            _ => std::fs::File::open("/dev/null")?.into(),
        };
        if filler.as_raw_fd() >= next {
            return Ok(());
        }
        held.push(filler);
    }
}

fn serve(port: u16, connections: u16) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("bind {port}"))?;
    say("listening")?;
    let accepted = (0..connections).map(|_| listener.accept()).collect::<Result<Vec<_>, _>>()?;
    say("ready")?;
    wait_for_end()?;
    drop(accepted);
    Ok(())
}

fn connect(port: u16, connections: u16) -> Result<()> {
    let open = || TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let connected = (0..connections).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
    say("ready")?;
    wait_for_end()?;
    drop(connected);
    Ok(())
}

fn say(word: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{word}")?;
    Ok(stdout.flush()?)
}

fn wait_for_end() -> Result<()> {
    let mut line = String::new();
    BufReader::new(std::io::stdin()).read_line(&mut line)?;
    Ok(())
}

/// How many of `total` fall to number `index` of `parts`, spread evenly.
fn share(total: u16, parts: u16, index: u16) -> u16 {
    let upto = |index: u16| u32::from(total) * u32::from(index) / u32::from(parts);
    u16::try_from(upto(index + 1) - upto(index)).expect("a share is at most the total")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for (total, parts) in [(10, 100), (1000, 300), (7, 7)] {
            assert_eq!((0..parts).map(|index| share(total, parts, index)).sum::<u16>(), total);
        }
        assert!((0..300).all(|index| (3..=4).contains(&share(1000, 300, index))));
    }
}

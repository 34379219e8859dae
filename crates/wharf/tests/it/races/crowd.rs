//! A crowd of runs that start at once out of many processes, half of them with the daemon, while intruders bind whatever
//! they can get.
//!
//! Starters, servers and the intruder are this very test, started again in a role. A server marks the ports that it has
//! by a file each; who finds a mark where it has bound itself has found two owners of one port. The whole crowd is for
//! `cargo xtask races`; the suite has a tenth of it.

use std::collections::{BTreeSet, VecDeque};
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, listen, socket, sockopt};
use wharf_testkit::sandbox;

use crate::support::{ls, says};

/// Which part this process has; unset in the test itself.
const ROLE: &str = "WHARF_TEST_ROLE";
/// The folder of the marks, and of what went wrong.
const FOLDER: &str = "WHARF_TEST_FOLDER";
/// How many runs a starter starts at once.
const EACH: &str = "WHARF_TEST_EACH";
/// Number of a starter.
const NUMBER: &str = "WHARF_TEST_NUMBER";
/// The binary under test.
const WHARF: &str = "WHARF_TEST_BINARY";
/// Set to have all of it.
const WHOLE: &str = "WHARF_RACES";

const STARTERS: usize = 32;
/// Names that they share, so that runs of one name meet, too.
const NAMES: usize = 80;

#[test]
fn no_two_runs_of_a_crowd_share_a_port_and_an_intruder_gets_none() {
    match env::var(ROLE).as_deref() {
        Ok("starter") => return starter(),
        Ok("server") => return server(),
        Ok("intruder") => return intruder(),
        _ => {}
    }
    let each: usize = if env::var_os(WHOLE).is_some() { 32 } else { 3 };
    let sandbox = sandbox!();
    let folder = sandbox.folder().join("scratch").display().to_string();
    let start = |role: &str, number: usize| {
        let own = env::current_exe().expect("it has a path").display().to_string();
        sandbox
            .program(&[&own, "--exact", "--nocapture", NAME])
            .env(ROLE, role)
            .env(FOLDER, &folder)
            .env(EACH, &each.to_string())
            .env(NUMBER, &number.to_string())
            .env(WHARF, env!("CARGO_BIN_EXE_wharf"))
            .env("WHARF_DAEMON", &(number % 2).to_string())
            .start()
    };
    let begin = Instant::now();
    let intruders = [0, 1].map(|number| start("intruder", number));
    let starters: Vec<_> = (0..STARTERS).map(|number| start("starter", number)).collect();
    for starter in starters {
        let output = starter.wait_with_output().expect("it is ours");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "a starter failed: {said}");
    }
    let took = begin.elapsed();
    fs::write(Path::new(&folder).join("over"), "").expect("it is written");
    for mut intruder in intruders {
        assert!(intruder.wait().expect("it is ours").success(), "an intruder failed");
    }
    let read = |name: &str| fs::read_to_string(Path::new(&folder).join(name)).unwrap_or_default();
    let (faults, intruded) = (read("faults"), read("intruded"));
    println!("{} runs in {took:?}; the intruders: {intruded}", STARTERS * each);
    assert_eq!(faults, "", "{} runs in {took:?}; the intruders: {intruded}", STARTERS * each);
    assert_eq!(read("served").lines().count(), STARTERS * each);
    says(&intruded, &["bound"]);
    assert!(ls(&sandbox, &[]).endpoints.is_empty(), "nothing is left of them");
}

#[test]
fn an_intruder_at_the_very_port_never_comes_between_the_calls_of_a_server() {
    match env::var(ROLE).as_deref() {
        Ok("opener") => return opener(),
        Ok("hammer") => return hammer(),
        _ => {}
    }
    let sandbox = sandbox!();
    let folder = sandbox.folder().join("scratch").display().to_string();
    let own = env::current_exe().expect("it has a path").display().to_string();
    let command = [&own, "--exact", "--nocapture", BETWEEN];
    let run = sandbox.wharf(&[&["run", "--name", "api", "--"], &command[..]].concat());
    let run = run.env(ROLE, "opener").env(FOLDER, &folder).start();
    let hammer = sandbox.program(&command).env(ROLE, "hammer").env(FOLDER, &folder).start();
    for child in [run, hammer] {
        let output = child.wait_with_output().expect("it is ours");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let faults = fs::read_to_string(Path::new(&folder).join("faults")).unwrap_or_default();
    let told = fs::read_to_string(Path::new(&folder).join("intruded")).unwrap_or_default();
    assert_eq!(faults, "", "{told}");
    println!("{told}");
    assert!(told.starts_with("0 times bound"), "{told}");
}

/// That test.
const BETWEEN: &str = "races::crowd::an_intruder_at_the_very_port_never_comes_between_the_calls_of_a_server";

/// Opens its port again and again, and says when it begins and ends.
fn opener() {
    let port = env::var("PORT").expect("wharf tells it");
    let open = || TcpListener::bind(format!("0.0.0.0:{port}"));
    drop(open().expect("it is ours"));
    fs::write(folder().join("draft"), &port).expect("it is written");
    fs::rename(folder().join("draft"), folder().join("port")).expect("it is there");
    let failed = (0..5_000).filter_map(|_| open().err()).count();
    if failed > 0 {
        write_line("faults", &format!("{failed} of 5000 times it was not had"));
    }
    fs::write(folder().join("over"), "").expect("it is written");
    let begin = Instant::now();
    // Until the run ends, the port is its own.
    while !folder().join("intruded").exists() && begin.elapsed().as_secs() < 20 {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Binds the port of the opener as fast as it can.
fn hammer() {
    let begin = Instant::now();
    let port = loop {
        match fs::read_to_string(folder().join("port")) {
            Ok(port) => break port.parse().expect("a port"),
            Err(_) => assert!(begin.elapsed().as_secs() < 20, "the opener never began"),
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let (mut bound, mut listened, mut refused) = (0, 0, 0);
    for way in 0_u64.. {
        match intrude(port, way) {
            Ok(socket) => {
                bound += 1;
                listened += u64::from((0..20).any(|_| listen(&socket, 1).is_ok()));
            }
            Err(_) => refused += 1,
        }
        if way % 64 == 0 && folder().join("over").exists() {
            break;
        }
    }
    write_line("intruded", &format!("{bound} times bound, {listened} listened, {refused} refused"));
}

/// This test.
const NAME: &str = "races::crowd::no_two_runs_of_a_crowd_share_a_port_and_an_intruder_gets_none";

fn folder() -> PathBuf {
    env::var_os(FOLDER).expect("it is told").into()
}

fn number(name: &str) -> usize {
    env::var(name).expect("it is told").parse().expect("a number")
}

/// Appends a line to a file that many processes append to.
fn write_line(file: &str, text: &str) {
    let mut file =
        fs::OpenOptions::new().append(true).create(true).open(folder().join(file)).expect("it opens");
    file.write_all(format!("{}\n", text.replace('\n', " | ")).as_bytes()).expect("it is written");
}

fn starter() {
    let own = env::current_exe().expect("it has a path");
    let started = (0..number(EACH)).map(|run| {
        let name = format!("n{}", (number(NUMBER) + run * STARTERS) % NAMES);
        let mut wharf = Command::new(env::var_os(WHARF).expect("it is told"));
        wharf.args(["run", "--name", &name, "--"]).arg(&own).args(["--exact", NAME]);
        wharf.env(ROLE, "server").env(EACH, run.to_string()).stdin(Stdio::null());
        wharf.stdout(Stdio::piped()).stderr(Stdio::piped());
        (name, wharf.spawn().expect("it starts"))
    });
    // All of them, before the first is waited for.
    for (name, wharf) in started.collect::<Vec<_>>() {
        let output = wharf.wait_with_output().expect("it is ours");
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            write_line("faults", &format!("{name}: {}: {}", output.status, String::from_utf8_lossy(&said)));
        }
    }
}

/// Listens on PORT and on a port of its own choice, the same for all.
fn server() {
    let told: u16 = env::var("PORT").expect("wharf tells it").parse().expect("a port");
    let hosts = ["127.0.0.1", "0.0.0.0", "[::]", "[::1]"];
    let host = hosts[(number(EACH) + number(NUMBER)) % hosts.len()];
    let mut listeners = Vec::new();
    for port in [told, 3000] {
        match TcpListener::bind(format!("{host}:{port}")) {
            Ok(listener) => listeners.push(listener),
            Err(error) => return write_line("faults", &format!("{host}:{port} of {told}: {error}")),
        }
    }
    let ports: Vec<u16> =
        listeners.iter().map(|listener| listener.local_addr().expect("it is bound").port()).collect();
    if ports[0] != told {
        write_line("faults", &format!("told {told}, and has {}", ports[0]));
    }
    let marks: Vec<PathBuf> = ports.iter().map(|port| folder().join(port.to_string())).collect();
    for mark in &marks {
        if fs::File::create_new(mark).is_err() {
            write_line("faults", &format!("two runs have {}", mark.display()));
        }
    }
    for (listener, &port) in listeners.iter().zip(&ports) {
        if let Err(error) = reaches_itself(listener, port, host.starts_with('[')) {
            write_line("faults", &format!("{host}:{port} is not reached: {error}"));
        }
    }
    std::thread::sleep(Duration::from_millis(20));
    for mark in marks {
        let _ = fs::remove_file(mark);
    }
    write_line("served", &format!("{told} {ports:?}"));
}

/// Sends its pid from a client to itself: whoever else listens there would get it.
fn reaches_itself(listener: &TcpListener, port: u16, over_six: bool) -> std::io::Result<()> {
    let host = if over_six { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    let own = std::process::id().to_string();
    let mut client = TcpStream::connect_timeout(&SocketAddr::new(host, port), Duration::from_secs(10))?;
    client.write_all(own.as_bytes())?;
    drop(client);
    listener.set_nonblocking(true)?;
    let begin = Instant::now();
    let (mut accepted, _) = loop {
        match listener.accept() {
            Err(error)
                if error.kind() == std::io::ErrorKind::WouldBlock && begin.elapsed().as_secs() < 10 =>
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            other => break other?,
        }
    };
    accepted.set_nonblocking(false)?;
    let mut heard = String::new();
    accepted.read_to_string(&mut heard)?;
    if heard == own { Ok(()) } else { Err(std::io::Error::other(format!("{heard:?} was heard"))) }
}

/// Binds every port of wharf's range and the one that all want, in every way, until all is over. What it gets it keeps
/// for a moment, and tries to listen.
fn intruder() {
    let (mut bound, mut refused, mut listens) = (0_u64, 0_u64, 0_u64);
    let mut kept: VecDeque<(u16, OwnedFd)> = VecDeque::new();
    for round in 0_u64.. {
        // One tries the whole range, the other again and again what is leased, where it may come between the calls.
        let ports: Vec<u16> = if number(NUMBER) == 0 { (20_000..30_000).collect() } else { leased() };
        for port in [3000].into_iter().chain(ports) {
            match intrude(port, round + u64::from(port)) {
                Ok(socket) => kept.push_back((port, socket)),
                Err(_) => refused += 1,
            }
            if kept.len() > KEPT {
                let (port, socket) = kept.pop_front().expect("there are some");
                bound += 1;
                let has_all = listen(&socket, 1).is_ok();
                listens += u64::from(has_all);
                // Whoever has marked it has it now, as we have.
                if folder().join(port.to_string()).exists() {
                    let how = if has_all { "listens on" } else { "has bound" };
                    write_line("faults", &format!("the intruder {how} {port}"));
                }
            }
        }
        if folder().join("over").exists() {
            break;
        }
    }
    write_line("intruded", &format!("{bound} times bound, {listens} listened, {refused} refused"));
}

/// Returns the ports that runs have had so far.
fn leased() -> Vec<u16> {
    let served = fs::read_to_string(folder().join("served")).unwrap_or_default();
    let words = served.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok());
    words.filter(|&port| port != 3000).collect::<BTreeSet<u16>>().into_iter().collect()
}

/// Ports that it keeps at once: so few that the runs find others.
const KEPT: usize = 4;

fn intrude(port: u16, way: u64) -> rustix::io::Result<OwnedFd> {
    let address: SocketAddr = match way % 4 {
        0 => (Ipv4Addr::LOCALHOST, port).into(),
        1 => (Ipv4Addr::UNSPECIFIED, port).into(),
        2 => (Ipv6Addr::LOCALHOST, port).into(),
        _ => (Ipv6Addr::UNSPECIFIED, port).into(),
    };
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket(family, SocketType::STREAM, None)?;
    let (address_too, port_too) = [(true, false), (false, true), (true, true)][(way / 4 % 3) as usize];
    sockopt::set_socket_reuseaddr(&socket, address_too)?;
    sockopt::set_socket_reuseport(&socket, port_too)?;
    bind(&socket, &address)?;
    Ok(socket)
}

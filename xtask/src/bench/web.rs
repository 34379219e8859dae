//! What the web has to say in `cargo xtask bench run`: an Express app, nginx on kept connections, and portless.
//!
//! Not here: the table ([`super::runs`]).

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::contest::{Bench, answers, end};
use crate::suite::languages::install_node;
use crate::workspace;

/// portless wants a Node that many machines have not; it comes as a package.
const PACKAGES: [&str; 3] = ["express@5", "portless@0.15.6", "node@24"];
const EXPRESS: &str =
    "require('express')().get('/', (q, r) => r.send('hello')).listen(process.env.PORT || process.argv[1])";
const CONNECTIONS: usize = 4;
const REQUESTS: usize = 20_000;

/// Installs what is measured, outside of the namespace that has no network, and returns where.
pub(super) fn packages() -> Result<PathBuf> {
    let folder = workspace::target_dir()?.join("bench-node");
    fs::create_dir_all(&folder)?;
    if workspace::in_path("npm") {
        let packages = PACKAGES.iter().map(|&name| name.to_owned()).collect();
        install_node(&packages, &folder).iter().for_each(|note| eprintln!("{note}"));
    }
    Ok(folder)
}

/// Returns the time to the first connection, bare and under wharf; none without Express.
pub(super) fn express(bench: &Bench<'_>) -> Result<Option<(Duration, Duration)>> {
    let Some(words) = express_words(bench) else { return Ok(None) };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    bench.in_turns(15, |under| bench.ready(under, &words, 3000)).map(Some)
}

fn express_words(bench: &Bench<'_>) -> Option<Vec<String>> {
    let module = bench.packages.join("node_modules/express");
    let script = EXPRESS.replace("'express'", &format!("'{}'", module.display()));
    (module.is_dir() && workspace::in_path("node")).then(|| vec!["node".to_owned(), "-e".to_owned(), script])
}

/// Returns the same under portless, with its proxy up and the same Node; none without it.
pub(super) fn portless(bench: &Bench<'_>) -> Result<Option<(Duration, Duration)>> {
    let modules = bench.packages.join("node_modules");
    let (node, command) = (modules.join("node/bin/node"), modules.join("portless/dist/cli.js"));
    if !node.is_file() || !command.is_file() {
        return Ok(None);
    }
    let Some(words) = express_words(bench) else { return Ok(None) };
    let own = |words: &[&str]| {
        let mut portless = Command::new(&node);
        portless.arg(&command).args(words);
        portless.env("PORTLESS_STATE_DIR", bench.state.join("portless")).env("PORTLESS_SYNC_HOSTS", "0");
        portless.env("HOME", bench.state).env("PORT", "3000");
        portless.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        portless
    };
    if !workspace::quietly(&mut own(&["proxy", "start", "-p", "1355", "--no-tls"])) {
        return Ok(None);
    }
    let ready = |under: bool| {
        let words: Vec<&str> = std::iter::once(node.to_str().unwrap_or_default())
            .chain(words[1..].iter().map(String::as_str))
            .collect();
        let mut command = match under {
            true => own(&[&["express", "--app-port", "3000"], &words[..]].concat()),
            false => {
                let mut bare = bench.command(false, &[], &words);
                bare.env("PORT", "3000");
                bare
            }
        };
        let begin = Instant::now();
        let server = command.spawn().context("start a server")?;
        answers(3000)?;
        let time = begin.elapsed();
        end(vec![server])?;
        free(3000);
        Ok(time)
    };
    let times = bench.in_turns(9, ready);
    workspace::quietly(&mut own(&["proxy", "stop", "-p", "1355"]));
    times.map(Some)
}

/// Returns the version of the portless that is measured.
pub(super) fn portless_version(bench: &Bench<'_>) -> Result<String> {
    let text = fs::read_to_string(bench.packages.join("node_modules/portless/package.json"))?;
    let manifest: serde_json::Value = serde_json::from_str(&text)?;
    Ok(manifest["version"].as_str().unwrap_or_default().to_owned())
}

/// Returns nginx's time on a CPU for one request, bare and under wharf; none without it.
pub(super) fn nginx(bench: &Bench<'_>) -> Result<Option<(Duration, Duration)>> {
    let Some(nginx) = ["/usr/sbin/nginx"].into_iter().find(|path| fs::metadata(path).is_ok()) else {
        return Ok(None);
    };
    let folder = bench.state.join("nginx");
    fs::create_dir_all(&folder)?;
    let place = folder.display().to_string();
    let config = folder.join("nginx.conf");
    let text = format!(
        "daemon off; master_process off; pid {place}/nginx.pid; error_log stderr; events {{ worker_connections 64; }} \
         http {{ access_log off; keepalive_requests 1000000; client_body_temp_path {place}; proxy_temp_path {place}; \
         fastcgi_temp_path {place}; uwsgi_temp_path {place}; scgi_temp_path {place}; \
         server {{ listen 127.0.0.1:3000; return 200 hello; }} }}"
    );
    fs::write(&config, text)?;
    let config = config.display().to_string();
    let measure = |under: bool| {
        let words = [nginx, "-p", &place, "-c", &config, "-e", "stderr"];
        let server = bench
            .command(under, &["--name", "nginx", "--port", "3000"], &words)
            .spawn()
            .context("start nginx")?;
        answers(3000)?;
        let process = if under { child_called(server.id(), "nginx")? } else { server.id() };
        let before = on_cpu(process)?;
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask_often)).collect();
            clients.into_iter().try_for_each(|client| client.join().expect("no client panics"))
        })?;
        let spent = on_cpu(process)? - before;
        end(vec![server])?;
        free(3000);
        Ok(spent / u32::try_from(CONNECTIONS * REQUESTS)?)
    };
    bench.in_turns(5, measure).map(Some)
}

fn ask_often() -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, 3000))?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    for _ in 0..REQUESTS {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        let mut read = 0;
        while !buffer[..read].ends_with(b"hello") {
            let count = stream.read(&mut buffer[read..])?;
            anyhow::ensure!(count > 0, "nginx hung up");
            read += count;
        }
    }
    Ok(())
}

/// Returns how long a process has been on a CPU, proc_pid_schedstat in the kernel's documentation of the scheduler.
fn on_cpu(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).context("schedstat")?;
    let nanoseconds = text.split(' ').next().and_then(|word| word.parse().ok()).context("schedstat")?;
    Ok(Duration::from_nanos(nanoseconds))
}

fn child_called(pid: u32, name: &str) -> Result<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).context("children")?;
    let mut pids = children.split_ascii_whitespace().filter_map(|word| word.parse().ok());
    let is_it =
        |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    pids.find(is_it).context("the program")
}

/// Waits until nothing listens on a port any more.
fn free(port: u16) {
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

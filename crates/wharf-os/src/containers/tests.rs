//! Engines played by a thread: every way to answer, and every way not to.

use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tempfile::TempDir;
use wharf_model::endpoint::Protocol;

use super::{EngineSockets, Failure, listing, places};
use crate::facts::{ContainerFacts, Partial};
use crate::http;
use crate::traits::Containers;

const LIST: &str = r#"[
 {"Id":"0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0","Names":["/shop-web-1","/proxy/web"],
  "Image":"nginx:1.27","ImageID":"sha256:00","Command":"nginx","Created":1700000000,"State":"running",
  "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
           {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
           {"PrivatePort":443,"Type":"tcp"},{"IP":"","PrivatePort":53,"PublicPort":5353,"Type":"udp"},
           {"IP":"127.0.0.1","PrivatePort":9,"PublicPort":70000,"Type":"tcp"},
           {"IP":"127.0.0.1","PrivatePort":9,"PublicPort":9,"Type":"sctp"}],
  "Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web","x":null},
  "NetworkSettings":{"Networks":{"shop_default":{"IPAddress":"172.18.0.2","GlobalIPv6Address":""},"none":null}}},
 {"Id":"aa","Names":null,"Ports":null,"Labels":null,"NetworkSettings":null},
 {"Id":""}]"#;

/// A socket in a folder of its own, and what a thread does with the one connection made to it.
struct Engine {
    folder: TempDir,
    thread: Option<thread::JoinHandle<()>>,
}

impl Engine {
    fn new(serve: impl FnOnce(UnixStream) + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while request.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            serve(stream);
        });
        Self { folder, thread: Some(thread) }
    }

    fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        // Whoever got enough hangs up: a broken pipe is the reader's good right.
        Self::new(move |mut stream| drop(stream.write_all(&bytes)))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    fn list(&self, limit: Duration) -> Partial<Vec<ContainerFacts>> {
        EngineSockets::at(vec![self.path()], own_uid(self.folder.path())).within(limit).list()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take().filter(|_| !thread::panicking()) {
            thread.join().unwrap();
        }
    }
}

fn own_uid(made_by_us: &Path) -> u32 {
    made_by_us.metadata().unwrap().uid()
}

/// Long enough for a machine under load, where the answer comes at once.
const AMPLE: Duration = Duration::from_secs(20);

fn codes(answer: &Partial<Vec<ContainerFacts>>) -> Vec<&str> {
    answer.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

#[track_caller]
fn check_list(answer: &Partial<Vec<ContainerFacts>>) {
    assert_eq!(answer.warnings, []);
    let names: Vec<&str> = answer.value.iter().map(|facts| facts.name.as_str()).collect();
    assert_eq!(names, ["shop-web-1", ""]);
}

#[track_caller]
fn check_failure(bytes: impl Into<Vec<u8>>, code: &str) {
    let answer = Engine::answering(bytes).list(AMPLE);
    assert_eq!(codes(&answer), [code], "{:?}", answer.warnings);
    assert!(answer.value.is_empty());
}

fn with_length(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nServer: Docker/27.0 (linux)\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_list_tells_names_images_ports_and_addresses() {
    let facts = &listing::parse(LIST.as_bytes(), "docker").unwrap()[0];
    assert_eq!((facts.engine.as_str(), facts.image.as_str()), ("docker", "nginx:1.27"));
    assert_eq!(facts.name, "shop-web-1");
    assert_eq!(facts.addresses, ["172.18.0.2".parse::<IpAddr>().unwrap()]);
    assert_eq!(facts.compose_project.as_deref(), Some("shop"));
    assert_eq!(facts.compose_service.as_deref(), Some("web"));
    let ports: Vec<_> = facts
        .ports
        .iter()
        .map(|port| {
            (port.protocol, port.host.map(|host| host.to_string()), port.host_port, port.container_port)
        })
        .collect();
    assert_eq!(
        ports,
        [
            (Protocol::Tcp, Some("0.0.0.0".to_owned()), 8080, 80),
            (Protocol::Tcp, Some("::".to_owned()), 8080, 80),
            (Protocol::Udp, None, 5353, 53),
        ]
    );
}

#[test]
fn an_answer_with_its_length_is_read_without_waiting_for_the_end() {
    let engine = Engine::new(|mut stream| {
        stream.write_all(with_length(LIST).as_bytes()).unwrap();
        // The connection stays open until the client hangs up.
        assert_eq!(stream.read_until_closed(), 0);
    });
    check_list(&engine.list(AMPLE));
}

#[test]
fn an_answer_in_chunks_is_put_together() {
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in LIST.as_bytes().chunks(100) {
        bytes.extend(format!("{:x};note=1\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    check_list(&Engine::answering(bytes).list(AMPLE));
}

#[test]
fn an_answer_without_a_length_ends_with_the_connection() {
    let answer = Engine::answering(format!("HTTP/1.0 200 OK\nServer: Libpod/5.0\n\n{LIST}")).list(AMPLE);
    check_list(&answer);
    assert_eq!(answer.value[0].engine, "podman");
}

#[test]
fn an_answer_that_comes_byte_by_byte_is_read() {
    let engine = Engine::new(|mut stream| {
        for byte in with_length(LIST).bytes() {
            stream.write_all(&[byte]).unwrap();
        }
    });
    check_list(&engine.list(AMPLE));
}

#[test]
fn an_engine_that_never_answers_costs_the_time_limit_and_a_warning() {
    let engine = Engine::new(|mut stream| assert_eq!(stream.read_until_closed(), 0));
    let began = Instant::now();
    let answer = engine.list(Duration::from_millis(60));
    assert!(began.elapsed() >= Duration::from_millis(60));
    assert_eq!(codes(&answer), ["container-api-timeout"]);
}

#[test]
fn an_engine_that_never_ends_costs_no_more_than_the_time_limit() {
    let engine = Engine::new(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
        while stream.write_all(b"X: 1\r\n").is_ok() {
            thread::yield_now();
        }
    });
    let answer = engine.list(AMPLE);
    assert_eq!(codes(&answer), ["container-api-failed"], "the head has a limit");
}

#[test]
fn a_silent_engine_does_not_keep_another_ones_answer_back() {
    let silent = Engine::new(|mut stream| assert_eq!(stream.read_until_closed(), 0));
    let prompt = Engine::answering(with_length(LIST));
    let both = vec![silent.path(), prompt.path()];
    let answer = EngineSockets::at(both, own_uid(silent.folder.path())).within(Duration::from_secs(2)).list();
    assert_eq!(answer.value.len(), 2);
    assert_eq!(codes(&answer), ["container-api-timeout"]);
}

#[test]
fn garbage_errors_and_broken_answers_are_a_warning() {
    check_failure("\u{1b}[2Jgarbage\n\n", "container-api-failed");
    check_failure(vec![0xff; 100_000], "container-api-failed");
    check_failure("", "container-api-failed");
    check_failure("HTTP/1.1 500 no\r\n\r\n", "container-api-failed");
    check_failure("HTTP/1.1 403 no\r\n\r\n", "container-api-denied");
    check_failure(with_length("{\"message\":\"no\"}"), "container-api-failed");
    check_failure("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]", "container-api-failed");
    check_failure(
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n[]",
        "container-api-failed",
    );
    check_failure("HTTP/1.1 200 OK\r\nContent-Length: 17000000\r\n\r\n[]", "container-api-failed");
    check_failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]", "container-api-failed");
    check_failure(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
        "container-api-failed",
    );
    check_failure(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]x\r\n0\r\n",
        "container-api-failed",
    );
}

#[test]
fn an_endless_body_is_given_up_at_its_limit() {
    let engine = Engine::new(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        while stream.write_all(&[b' '; 65536]).is_ok() {}
    });
    let answer = engine.list(AMPLE);
    assert_eq!(codes(&answer), ["container-api-failed"]);
    assert!(answer.warnings[0].text.contains("16 MiB"), "{}", answer.warnings[0].text);
}

#[test]
fn no_engine_no_socket_and_a_left_over_socket_are_silent() {
    let folder = tempfile::tempdir().unwrap();
    let (left_over, file) = (folder.path().join("left-over"), folder.path().join("file"));
    drop(UnixListener::bind(&left_over).unwrap());
    std::fs::write(&file, "").unwrap();
    let paths = vec![folder.path().join("absent"), file, folder.path().to_owned(), left_over];
    let answer = EngineSockets::at(paths, own_uid(folder.path())).list();
    assert_eq!(answer, Partial::default());
}

#[test]
fn a_socket_that_is_named_twice_is_asked_once() {
    let engine = Engine::answering(with_length(LIST));
    let link = engine.folder.path().join("link");
    std::os::unix::fs::symlink(engine.path(), &link).unwrap();
    let answer =
        EngineSockets::at(vec![engine.path(), link], own_uid(engine.folder.path())).within(AMPLE).list();
    check_list(&answer);
}

#[test]
fn a_socket_of_another_user_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let owner = own_uid(&path);
    if owner == 0 {
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
    }
    let answer = EngineSockets::at(vec![path], if owner == 0 { 0 } else { owner + 1 }).list();
    assert_eq!(codes(&answer), ["container-api-untrusted"]);
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_denied_socket_names_who_may_ask() {
    let warning = Failure::Denied.warning(Path::new("/var/run/docker.sock")).unwrap();
    assert_eq!(warning.code, "container-api-denied");
    assert!(warning.text.contains("group docker"), "{}", warning.text);
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    assert_eq!(Failure::from(denied), Failure::Denied);
}

/// Root may connect to any socket, so only an ordinary user meets the denial itself; the rule behind it is
/// checked above for everybody.
#[test]
fn a_socket_that_denies_an_ordinary_user_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let owner = own_uid(&path);
    let answer = EngineSockets::at(vec![path], owner).within(Duration::from_millis(60)).list();
    let expected = if owner == 0 { "container-api-timeout" } else { "container-api-denied" };
    assert_eq!(codes(&answer), [expected]);
}

#[test]
fn an_engine_that_hangs_is_not_asked_by_ever_more_threads() {
    let engine = Engine::new(|mut stream| assert_eq!(stream.read_until_closed(), 0));
    let sockets = EngineSockets::at(vec![engine.path()], own_uid(engine.folder.path())).within(AMPLE);
    sockets.candidates[0].busy.store(true, std::sync::atomic::Ordering::Release);
    let hanging = EngineSockets { time_limit: Duration::from_millis(30), ..sockets };
    assert_eq!(codes(&hanging.list()), ["container-api-timeout"]);
    hanging.candidates[0].busy.store(false, std::sync::atomic::Ordering::Release);
    // The engine's thread waits for one connection, which is the first that is made.
    assert_eq!(codes(&hanging.list()), ["container-api-timeout"]);
}

#[test]
fn docker_host_counts_only_if_it_names_a_unix_socket() {
    let with = |host: &str| {
        let host = host.to_owned();
        places(move |name| match name {
            "DOCKER_HOST" => Some(PathBuf::from(&host)),
            "XDG_RUNTIME_DIR" => Some("/run/user/7".into()),
            "HOME" => Some("relative".into()),
            _ => None,
        })
    };
    let others: Vec<PathBuf> = [
        "/var/run/docker.sock",
        "/run/user/7/docker.sock",
        "/run/user/7/podman/podman.sock",
        "/run/podman/podman.sock",
    ]
    .map(PathBuf::from)
    .into();
    for host in ["tcp://127.0.0.1:2375", "ssh://me@box", "unix://relative", "/plain", ""] {
        assert_eq!(with(host), others, "{host}");
    }
    assert_eq!(with("unix:///x/docker.sock")[0], PathBuf::from("/x/docker.sock"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), framed: u8) {
        let head: &[u8] = match framed % 3 {
            0 => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            1 => b"HTTP/1.1 200 OK\r\n",
            _ => b"",
        };
        let whole = [head, &bytes].concat();
        if let Ok(response) = http::read_response(&mut whole.as_slice()) {
            listing::parse(&response.body, "docker");
        }
        listing::parse(&bytes, "docker");
    }
}

trait ReadUntilClosed {
    /// Reads until the other side hangs up, and returns how many bytes came.
    fn read_until_closed(&mut self) -> u64;
}

impl ReadUntilClosed for UnixStream {
    fn read_until_closed(&mut self) -> u64 {
        std::io::copy(self, &mut std::io::sink()).unwrap_or(0)
    }
}

//! Peers that refuse, are silent, hang up, or talk nonsense; and doors. A manager that does its work: `tests/manager.rs`.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::thread;

use tempfile::TempDir;
use zbus::DBusError;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(100);

/// Errors as systemd and polkit name them.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop")]
enum Refusal {
    #[zbus(error)]
    ZBus(zbus::Error),
    #[zbus(name = "systemd1.NoSuchUnit")]
    NoSuchUnit(String),
    #[zbus(name = "systemd1.OnlyByDependency")]
    OnlyByDependency(String),
    #[zbus(name = "DBus.Error.AccessDenied")]
    AccessDenied(String),
    #[zbus(name = "DBus.Error.InteractiveAuthorizationRequired")]
    AskFirst(String),
}

/// A manager that is asked to stop units, and does not.
struct Unwilling;

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Unwilling {
    async fn stop_unit(
        &self,
        name: &str,
        mode: &str,
        #[zbus(header)] header: zbus::message::Header<'_>,
    ) -> Result<OwnedObjectPath, Refusal> {
        let asks = header.primary().flags().contains(zbus::message::Flags::AllowInteractiveAuth);
        match name {
            "root.service" if asks && mode == "replace" => Ok(job()),
            "root.service" => Err(Refusal::AskFirst("Interactive authentication required.".to_owned())),
            "never.service" => Err(Refusal::AccessDenied("Access denied".to_owned())),
            "odd.service" => Err(Refusal::OnlyByDependency("it is\u{1b}[31m asked\nfor.".to_owned())),
            "slow.service" => std::future::pending().await,
            _ => Err(Refusal::NoSuchUnit(format!("Unit {name} not loaded."))),
        }
    }
}

fn job() -> OwnedObjectPath {
    OwnedObjectPath::try_from("/org/freedesktop/systemd1/job/7").expect("it is a path")
}

/// Listens at a socket in a folder of its own, and lets `serve` do the talking with whoever comes.
fn peer(serve: impl Fn(std::os::unix::net::UnixStream) + Send + 'static) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("private");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    (folder, path)
}

fn unwilling() -> (TempDir, PathBuf) {
    peer(|stream| {
        let runtime = runtime().unwrap();
        runtime.block_on(async {
            stream.set_nonblocking(true).unwrap();
            let stream = UnixStream::from_std(stream).unwrap();
            let builder = Builder::unix_stream(stream).server(zbus::Guid::generate()).unwrap().p2p();
            let built = builder.serve_at(MANAGER_PATH, Unwilling).unwrap().build().await;
            let Ok(connection) = built else { return };
            // As long as the other end wants it.
            let mut messages = zbus::MessageStream::from(connection);
            while std::future::poll_fn(|context| {
                futures_core::Stream::poll_next(std::pin::Pin::new(&mut messages), context)
            })
            .await
            .is_some_and(|message| message.is_ok())
            {}
        });
    })
}

fn open(path: &Path, limit: Duration) -> Result<Bus, ManagerError> {
    Bus::at(path, rustix::process::getuid().as_raw(), limit)
}

#[test]
fn a_refusal_is_told_as_what_it_is() {
    let (_folder, path) = unwilling();
    let bus = open(&path, LIMIT).unwrap();
    assert_eq!(bus.stop("root.service"), Err(ManagerError::Denied));
    assert_eq!(bus.stop("never.service"), Err(ManagerError::Denied));
    assert_eq!(bus.stop("none.service"), Err(ManagerError::NoSuchUnit));
    let said = "it is [31m asked for".to_owned();
    assert_eq!(bus.stop("odd.service"), Err(ManagerError::Failed(said)));
}

#[test]
fn a_person_is_asked_only_where_that_is_wanted() {
    let (_folder, path) = unwilling();
    let bus = open(&path, LIMIT).unwrap();
    assert_eq!(bus.stop_asking("root.service", LIMIT), Ok(()));
    assert_eq!(bus.stop("root.service"), Err(ManagerError::Denied));
}

#[test]
fn a_call_that_is_not_answered_ends_in_time() {
    let (_folder, path) = unwilling();
    let bus = open(&path, LIMIT).unwrap();
    assert_eq!(bus.stop_asking("slow.service", SHORT), Err(ManagerError::TimedOut));
    assert_eq!(bus.stop("never.service"), Err(ManagerError::Denied), "the next one is answered");
}

#[test]
fn a_peer_that_says_nothing_is_given_up() {
    let (_folder, path) = peer(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_eq!(open(&path, SHORT).unwrap_err(), ManagerError::TimedOut);
}

#[test]
fn a_peer_that_falls_silent_after_the_handshake_is_given_up() {
    let (_folder, path) = peer(|mut stream| {
        let _ = stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_eq!(open(&path, SHORT).unwrap_err(), ManagerError::TimedOut);
}

#[test]
fn nonsense_is_an_error_and_nothing_worse() {
    let stranger: &[u8] = b"l\x02\x01\x01\0\0\0\0\x01\0\0\0\x10\0\0\0\x07\x01s\0\x03\0\0\0a.b\0\0\0\0\0";
    for nonsense in
        [b"l\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", stranger, b"\n\n\n"]
    {
        let (_folder, path) = peer(move |mut stream| {
            let _ = stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\n");
            let _ = stream.write_all(nonsense);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        assert!(open(&path, SHORT).is_err(), "{nonsense:?}");
    }
    for line in ["REJECTED\r\n", "HTTP/1.1 400 Bad Request\r\n", "OK\r\n", "\0\r\n"] {
        let (_folder, path) = peer(move |mut stream| {
            let _ = stream.write_all(line.as_bytes());
        });
        assert!(open(&path, LIMIT).is_err(), "{line:?}");
    }
}

#[test]
fn nobody_there_is_told_apart_from_a_refusal() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("private");
    assert_eq!(open(&path, LIMIT).unwrap_err(), ManagerError::Absent);
    drop(UnixListener::bind(&path).unwrap());
    assert_eq!(open(&path, LIMIT).unwrap_err(), ManagerError::Absent, "nobody listens any more");
}

#[test]
fn only_root_and_the_managers_own_user_are_believed() {
    assert!(is_believed(0, 0) && is_believed(0, 1000) && is_believed(1000, 1000));
    assert!(!is_believed(1000, 0) && !is_believed(1001, 1000) && !is_believed(65534, 1000));
}

#[test]
fn a_user_is_asked_for_where_the_environment_says_and_where_logins_put_it() {
    let paths = |told: Option<&str>| -> Vec<String> {
        let doors = user_doors(told.map(PathBuf::from), 1000);
        doors.iter().map(|door| format!("{} {}", door.path.display(), door.is_private)).collect()
    };
    let usual = ["/run/user/1000/systemd/private true", "/run/user/1000/bus false"];
    assert_eq!(paths(None), usual);
    assert_eq!(paths(Some("/run/user/1000")), usual);
    assert_eq!(paths(Some("relative")), usual);
    let both = ["/x/systemd/private true", usual[0], "/x/bus false", usual[1]];
    assert_eq!(paths(Some("/x")), both);
}

#[test]
fn ports_are_found_in_addresses_as_systemd_writes_them() {
    let at = |kind: &str, place: &str| listens_at(&[(kind.to_owned(), place.to_owned())], 80);
    for place in ["127.0.0.1:80", "0.0.0.0:80", "[::]:80", "[::1]:80", "[fe80::1%eth0]:80"] {
        assert!(at("Stream", place) && at("Datagram", place), "{place}");
        assert!(!at("FIFO", place) && !at("Netlink", place) && !at("SequentialPacket", place));
    }
    for place in ["127.0.0.1:8080", "[::]:8080", "vsock:2:80", "/run/x:80", "@x:80", "80", ":80", "[::]", ""]
    {
        assert!(!at("Stream", place), "{place}");
    }
}

//! Raw TCP: what comes in goes out as it is, and ends as it ends.
//!
//! Not here: which address a project has (`wharf-daemon`), and real databases (`crates/wharf/tests`).

use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use wharf_model::route::RequestEntry;
use wharf_router::table::Readiness;

use crate::bench::{Bench, Wire, route};
use crate::bulk::pattern;

const SIZE: usize = 24 << 20;

/// Waits for the line of the first connection.
fn line(bench: &Bench) -> RequestEntry {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ledger = bench.router.ledger();
    let more = async { tokio::time::timeout(Duration::from_secs(20), ledger.more_than(0)).await };
    runtime.block_on(more).expect("a line is written");
    ledger.since(0, |_| true).0.remove(0)
}

#[test]
fn a_server_may_speak_first_and_one_line_tells_of_the_connection() {
    let (bench, _) = Bench::raw(|_, mut wire: Wire| {
        wire.say("hello");
        let asked = wire.until("?");
        wire.say(&format!("{asked}!"));
    });
    let mut client = bench.client();
    assert_eq!(client.until("hello"), "hello");
    client.say("who?");
    assert_eq!(client.rest(), "who?!");
    drop(client);
    let line = line(&bench);
    assert_eq!((line.method.as_str(), line.bytes, line.status, line.fault), ("TCP", 10, None, None));
    assert_eq!(line.url, format!("tcp://db.localhost:{}", bench.port));
    assert!(line.upstream.unwrap().starts_with("tcp://127.0.0.1:"));
}

#[test]
fn whoever_sends_no_more_still_receives() {
    // The client has had its say first.
    let (bench, told) = Bench::raw(|_, mut wire: Wire| {
        let text = wire.rest();
        wire.say("all of it");
        text
    });
    let mut client = bench.client();
    client.say("a question");
    client.half_close();
    assert_eq!(client.rest(), "all of it");
    assert_eq!(told.recv().unwrap(), "a question");
    // The server has.
    let (bench, told) = Bench::raw(|_, mut wire: Wire| {
        wire.say("all of it");
        wire.half_close();
        wire.rest()
    });
    let mut client = bench.client();
    assert_eq!(client.rest(), "all of it");
    client.say("thanks");
    drop(client);
    assert_eq!(told.recv().unwrap(), "thanks");
    assert_eq!(line(&bench).fault, None);
}

#[test]
fn many_bytes_go_both_ways_at_once_past_slow_readers() {
    let swap = |mut wire: Wire| {
        let mut out = wire.0.try_clone().unwrap();
        let writer = thread::spawn(move || {
            out.write_all(&pattern(SIZE)).unwrap();
            out.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let mut bytes = vec![0; SIZE];
        bytes.chunks_mut(7_001).for_each(|some| wire.0.read_exact(some).unwrap());
        writer.join().unwrap();
        assert_eq!(wire.0.read(&mut [0]).unwrap(), 0, "nothing follows");
        bytes == pattern(SIZE)
    };
    let (bench, told) = Bench::raw(move |_, wire| swap(wire));
    assert!(swap(bench.client()), "down");
    assert!(told.recv().unwrap(), "up");
    let line = line(&bench);
    assert_eq!((line.bytes, line.fault), (SIZE as u64, None));
}

#[test]
fn small_messages_after_many_bytes_are_not_held_back() {
    let (bench, _) = Bench::raw(|_, mut wire: Wire| {
        wire.0.write_all(&pattern(SIZE)).unwrap();
        for _ in 0..100 {
            let asked = wire.until("?");
            wire.say(&asked);
        }
    });
    let mut client = bench.client();
    client.0.read_exact(&mut vec![0; SIZE]).unwrap();
    for number in 0..100 {
        let text = format!("{number}?");
        client.say(&text);
        assert_eq!(client.until("?"), text);
    }
    assert_eq!(client.rest(), "");
}

#[test]
fn a_side_that_breaks_off_breaks_the_other() {
    let is_reset = |wire: &mut Wire| {
        let error = wire.0.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    };
    for is_full in [false, true] {
        // The client; also while its bytes lie in a pipe, as nobody reads them.
        let (tell, has_come) = channel();
        let (bench, told) = Bench::raw(move |_, mut wire: Wire| {
            let _ = wire.until("begin");
            let _ = tell.send(());
            is_reset(&mut wire);
        });
        let mut client = bench.client();
        client.say("begin");
        has_come.recv().unwrap();
        if is_full {
            client.0.write_all(&vec![0; 1 << 20]).unwrap();
        }
        set_socket_linger(&client.0, Some(Duration::ZERO)).unwrap();
        drop(client);
        told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(line(&bench).fault.as_deref(), Some("broken-off"));
    }
    // The server.
    let (bench, _) = Bench::raw(|_, mut wire: Wire| {
        let _ = wire.until("begin");
        set_socket_linger(&wire.0, Some(Duration::ZERO)).unwrap();
    });
    let mut client = bench.client();
    client.say("begin");
    is_reset(&mut client);
}

#[test]
fn nothing_behind_it_is_a_reset_and_a_line() {
    let bench = Bench::raw_before("127.0.0.1:1");
    let mut client = bench.client();
    let error = client.0.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(line(&bench).fault.as_deref(), Some("nothing-listens"));
    // HTTP does not lead there, and what is removed lets nobody in.
    bench.router.remove("db.localhost", None);
    assert_eq!(bench.client().0.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    bench.router.shut(([127, 0, 0, 1], bench.port).into());
    let refused = std::net::TcpStream::connect(("127.0.0.1", bench.port)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_starting_server_is_waited_for_and_a_connection_stays_with_what_it_has() {
    let (bench, _) = Bench::raw(|_, mut wire: Wire| {
        wire.say("one");
        let asked = wire.until("?");
        wire.say(&asked);
    });
    let address = ([127, 0, 0, 1], bench.port).into();
    let mut first = bench.client();
    assert_eq!(first.until("one"), "one");
    // Another server is to come, and does.
    let (other, _) = Bench::raw(|_, mut wire: Wire| wire.say("other"));
    let upstream = other.router.routes().into_iter().find(|it| it.host == "db.localhost").unwrap().upstream;
    let mut next = route("db.localhost", &upstream.to_string());
    next.address = Some(address);
    bench.router.put(next.clone(), Readiness::Starting);
    let mut second = bench.client();
    first.say("still?");
    assert_eq!(first.until("still?"), "still?");
    bench.router.put(next, Readiness::Ready);
    assert_eq!(second.rest(), "other");
}

/// Returns what a client of TLS says first.
fn hello(name: &str) -> Vec<u8> {
    let config = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let name = name.to_owned().try_into().unwrap();
    let mut client = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

#[test]
fn tls_goes_by_its_name_to_a_server_that_sees_every_byte_of_it() {
    let (bench, told) = Bench::raw(|_, mut wire: Wire| {
        wire.say("pass");
        wire.rest()
    });
    let tls = bench.secured();
    let bytes = hello("db.localhost");
    // However it comes.
    for piece in [bytes.len(), 20, 1] {
        let mut client = tls.client();
        bytes.chunks(piece).for_each(|some| client.0.write_all(some).unwrap());
        assert_eq!(client.until("pass"), "pass");
        client.say("and more");
        client.half_close();
        assert_eq!(client.rest(), "");
        let expected = [&bytes[..], b"and more"].concat();
        assert!(told.recv().unwrap() == String::from_utf8_lossy(&expected), "in pieces of {piece}");
    }
    // Half of it is for nobody, and another name is answered by the router.
    let mut client = tls.client();
    client.0.write_all(&bytes[..100]).unwrap();
    client.half_close();
    let _ = client.0.read_to_end(&mut Vec::new());
    let mut client = tls.client();
    client.0.write_all(&hello("other.localhost")).unwrap();
    let mut alert = [0];
    client.0.read_exact(&mut alert).unwrap();
    assert_eq!(alert[0], 21, "an alert");
    assert!(told.try_recv().is_err());
}

#[test]
fn a_server_of_postgresql_is_asked_as_its_client_has() {
    const ASKS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
    const ASKS_KERBEROS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];
    for answer in ["S", "N"] {
        let (bench, told) = Bench::raw(move |_, mut wire: Wire| {
            let mut asked = [0; 8];
            wire.0.read_exact(&mut asked).unwrap();
            wire.say(answer);
            let mut bytes = Vec::new();
            let _ = wire.0.read_to_end(&mut bytes);
            (asked, bytes)
        });
        let mut client = bench.secured().client();
        for (asks, answer) in [(ASKS_KERBEROS, "N"), (ASKS, "S")] {
            client.0.write_all(&asks[..3]).unwrap();
            client.0.write_all(&asks[3..]).unwrap();
            assert_eq!(client.until(answer), answer);
        }
        let bytes = hello("db.localhost");
        client.0.write_all(&bytes).unwrap();
        if answer == "S" {
            client.half_close();
            assert!(told.recv().unwrap() == (ASKS, bytes));
        } else {
            let error = client.0.read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert!(told.recv().unwrap() == (ASKS, Vec::new()));
            assert_eq!(line(&bench).fault.as_deref(), Some("no-tls"));
        }
    }
    // What begins so and goes on otherwise is nobody's.
    let (bench, _) = Bench::raw(|_, _| ());
    let mut client = bench.secured().client();
    client.0.write_all(&[0, 0, 0, 9, 1, 2, 3, 4]).unwrap();
    let _ = client.0.read_to_end(&mut Vec::new());
}

//! Connections through a door, on this machine's own network.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::{Door, Network, Relay, listen_beside, loopback};
use crate::ports::hold;

/// Returns a server, and the door that leads to it.
fn scene() -> (TcpListener, SocketAddr, Relay, u64) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay = Relay::start().unwrap();
    let held = hold(0).unwrap();
    let listeners = listen_beside(&held, false).unwrap();
    let targets = vec![server.local_addr().unwrap()];
    let number = relay.open(Door { listeners, targets, to: Network::Own });
    // The port is held for as long as the test.
    let port = held.port();
    std::mem::forget(held);
    (server, loopback(port)[0], relay, number)
}

fn connected(server: &TcpListener, door: SocketAddr) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(door).unwrap();
    let (inner, _) = server.accept().unwrap();
    for stream in [&client, &inner] {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    (client, inner)
}

/// Bytes that repeat late.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn all_arrives_in_both_directions_and_each_ends_by_itself() {
    let (server, door, _relay, _) = scene();
    let (mut client, mut inner) = connected(&server, door);
    let (up, down) = (noise(3 << 20), noise(5 << 20));
    let expected = (up.clone(), down.clone());
    let inside = thread::spawn(move || {
        let mut received = Vec::new();
        inner.read_to_end(&mut received).unwrap();
        // The client is told nothing yet, and hears all.
        inner.write_all(&down).unwrap();
        received
    });
    client.write_all(&up).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received == expected.1, "{} bytes came down", received.len());
    let received = inside.join().unwrap();
    assert!(received == expected.0, "{} bytes went up", received.len());
}

#[test]
fn who_does_not_read_holds_up_the_one_who_writes() {
    let (server, door, _relay, _) = scene();
    let (mut client, inner) = connected(&server, door);
    client.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let block = noise(1 << 20);
    let mut written = 0;
    // Buffers of the kernel hold some megabytes, and the relay holds one block.
    while let Ok(count) = client.write(&block) {
        written += count;
        assert!(written < 256 << 20, "somebody keeps it all");
    }
    client.shutdown(Shutdown::Write).unwrap();
    let mut inner = inner;
    let mut received = 0;
    let mut buffer = vec![0; 1 << 20];
    while let count @ 1.. = inner.read(&mut buffer).unwrap() {
        received += count;
    }
    assert_eq!(received, written);
}

#[test]
fn a_reset_is_passed_on_after_what_came_before_it() {
    for client_resets in [true, false] {
        let (server, door, _relay, _) = scene();
        let (client, inner) = connected(&server, door);
        let (mut one, mut other) = if client_resets { (client, inner) } else { (inner, client) };
        one.write_all(b"last words").unwrap();
        let mut heard = [0; 10];
        other.read_exact(&mut heard).unwrap();
        sockopt::set_socket_linger(&one, Some(Duration::ZERO)).unwrap();
        drop(one);
        assert_eq!(other.read(&mut heard).unwrap_err().kind(), ErrorKind::ConnectionReset, "{client_resets}");
    }
}

#[test]
fn an_answer_is_heard_of_who_ends_without_hearing_the_question() {
    let (server, door, _relay, _) = scene();
    let (mut client, mut inner) = connected(&server, door);
    let inside = thread::spawn(move || {
        inner.read_exact(&mut [0; 1]).unwrap();
        inner.write_all(b"too large").unwrap();
        // Much of the question is unread, so the kernel resets.
    });
    // As long as it is taken.
    let _ = client.write_all(&noise(8 << 20));
    inside.join().unwrap();
    let mut heard = [0; 9];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"too large");
}

#[test]
fn many_silent_connections_are_no_hindrance_and_end_with_their_clients() {
    let (server, door, _relay, _) = scene();
    let mut silent: Vec<_> = (0..200).map(|_| connected(&server, door)).collect();
    let (mut client, mut inner) = connected(&server, door);
    client.write_all(b"x").unwrap();
    inner.read_exact(&mut [0]).unwrap();
    for (mut client, mut inner) in silent.drain(..) {
        client.write_all(b"y").unwrap();
        inner.read_exact(&mut [0]).unwrap();
        drop(client);
        assert_eq!(inner.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn a_door_leads_to_the_first_that_answers_and_is_closed() {
    let (server, door, relay, number) = scene();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    relay.aim(number, vec![gone, server.local_addr().unwrap()]);
    // The order is obeyed before who comes after it.
    connected(&server, door);
    connected(&server, SocketAddr::new(loopback(0)[1].ip(), door.port()));
    relay.aim(number, vec![gone]);
    let begin = Instant::now();
    loop {
        let mut client = TcpStream::connect(door).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        match client.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            _ => assert!(begin.elapsed() < Duration::from_secs(10), "it is not refused"),
        }
    }
    relay.close(number);
    while TcpStream::connect(door).is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(20), "it is not closed");
    }
}

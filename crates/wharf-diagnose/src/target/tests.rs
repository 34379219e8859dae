//! Words and the targets that they are.

use super::*;

fn parsed(text: &str) -> Target {
    Target::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_people_write_is_read() {
    for (text, shown, port) in [
        ("3000", "localhost:3000", Some(3000)),
        (":3000", "localhost:3000", Some(3000)),
        ("127.0.0.1:62893", "127.0.0.1:62893", Some(62893)),
        ("[::1]:80", "[::1]:80", Some(80)),
        ("shop.localhost:8080", "shop.localhost:8080", Some(8080)),
        ("localhost:3000/cart?x=1", "http://localhost:3000/cart?x=1", Some(3000)),
        ("http://localhost", "http://localhost:80", Some(80)),
        ("HTTPS://[::1]/a#b", "https://[::1]:443/a", Some(443)),
        ("http://localhost?x", "http://localhost:80/?x", Some(80)),
        ("postgres://me:se%40cret@127.0.0.1/shop", "postgres://me@127.0.0.1:5432/shop", Some(5432)),
        ("postgresql://127.0.0.1", "postgres://127.0.0.1:5432", Some(5432)),
        ("redis://:pw@localhost/0", "redis://localhost:6379/0", Some(6379)),
        ("/run/x.sock", "unix:/run/x.sock", None),
        ("unix:x.sock", "unix:x.sock", None),
        ("@abstract", "unix:@abstract", None),
        ("0", "localhost:0", None),
        ("http://localhost:99999", "http://localhost:99999", None),
        ("http://localhost:abc", "http://localhost:abc", None),
        ("65536", "localhost:65536", None),
        ("[fe80::1%lo]:80", "[fe80::1%lo]:80", Some(80)),
    ] {
        let target = parsed(text);
        assert_eq!((target.to_string().as_str(), target.port()), (shown, port), "{text}");
    }
}

#[test]
fn a_password_is_kept_and_never_shown() {
    let target = parsed("postgres://me:se%40cret@127.0.0.1/shop");
    assert_eq!(target.password.as_deref(), Some("se@cret"));
    assert!(!format!("{target} {target:?}").contains("cret"));
}

#[test]
fn what_is_no_target_is_said() {
    for (text, error) in [
        ("", TargetError::Empty),
        ("gopher://x", TargetError::UnknownScheme("gopher".to_owned())),
        ("http://", TargetError::NoHost("http://".to_owned())),
        ("http://:80@", TargetError::NoHost("http://:80@".to_owned())),
        ("localhost", TargetError::NoPort("localhost".to_owned())),
        ("127.0.0.1", TargetError::NoPort("127.0.0.1".to_owned())),
        ("::1", TargetError::NoPort("[::1]".to_owned())),
        ("tcp://x", TargetError::NoPort("x".to_owned())),
        ("[x]:1", TargetError::BadAddress("x".to_owned())),
        ("api.shop", TargetError::Name("api.shop".to_owned())),
    ] {
        assert_eq!(Target::parse(text), Err(error), "{text}");
    }
}

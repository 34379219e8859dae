//! What is said and what answers mean: recorded answers, a dialer that plays servers, and hostile ones.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

use proptest::prelude::*;
use wharf_model::place::KnownBy;

use super::protocol::{PROTOCOLS, Say};
use super::*;

/// Plays servers: an answer to each beginning of an opening, with what was heard.
struct Script {
    /// Beginning of the opening (empty: what it says unasked), and the answer.
    answers: Vec<(Vec<u8>, Vec<u8>)>,
    heard: Mutex<Vec<Vec<u8>>>,
    /// Time that silence takes.
    silence: Duration,
}

impl Script {
    fn new(answers: &[(&[u8], &[u8])]) -> Self {
        let answers = answers.iter().map(|(opening, answer)| (opening.to_vec(), answer.to_vec())).collect();
        Self { answers, heard: Mutex::default(), silence: Duration::ZERO }
    }
}

impl Dialer for Script {
    fn converse(
        &self,
        _address: SocketAddr,
        opening: &[u8],
        wait: Duration,
        _enough: &dyn Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<u8>> {
        if !opening.is_empty() {
            self.heard.lock().unwrap().push(opening.to_vec());
        }
        let fits = |(start, _): &&(Vec<u8>, Vec<u8>)| {
            start.is_empty() == opening.is_empty() && opening.starts_with(start)
        };
        match self.answers.iter().find(fits) {
            Some((_, answer)) => Ok(answer.clone()),
            None => {
                thread::sleep(self.silence.min(wait));
                Ok(Vec::new())
            }
        }
    }
}

fn looked(id: &str) -> Option<Service> {
    let known = crate::service::table::by_id(id).unwrap();
    Some(Service {
        id: id.to_owned(),
        name: known.name.to_owned(),
        protocol: Some(known.speaks.to_owned()).filter(|protocol| !protocol.is_empty()),
        version: None,
        known_by: KnownBy::Executable,
    })
}

fn ask_script(script: &Script, port: u16, looked: Option<Service>) -> Option<Service> {
    let target = Target { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), looked };
    probe(script, &[target], Duration::from_secs(5)).pop().unwrap()
}

/// Checks what a stranger at `port` is called who gives `answer` to `opening`: id, protocol and version.
#[track_caller]
fn check(port: u16, opening: &[u8], answer: &[u8], expected: (&str, &str, Option<&str>)) {
    let told = ask_script(&Script::new(&[(opening, answer)]), port, None).expect("the server is told");
    let version = told.version.as_deref();
    assert_eq!((told.id.as_str(), told.protocol.as_deref().unwrap(), version), expected);
    assert_eq!(told.known_by, KnownBy::Probe);
}

fn page(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn greetings_are_understood() {
    let unasked = |answer: &[u8], expected| check(40000, b"", answer, expected);
    unasked(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", ("sshd", "ssh", Some("9.2p1")));
    unasked(b"SSH-2.0-dropbear_2022.83\r\n", ("dropbear", "ssh", Some("2022.83")));
    unasked(b"SSH-2.0-Go\r\n", ("ssh-server", "ssh", None));
    unasked(b"220 box ESMTP Exim 4.96 Sat, 1 Jan 2026 00:00:00 +0000\r\n", ("exim", "smtp", Some("4.96")));
    unasked(b"220 box Python SMTP 1.4.3\r\n", ("smtp", "smtp", None));
    unasked(b"220 (vsFTPd 3.0.3)\r\n", ("vsftpd", "ftp", Some("3.0.3")));
    unasked(b"+OK Dovecot ready.\r\n", ("dovecot", "pop3", None));
    unasked(b"* OK [CAPABILITY IMAP4rev1] ready\r\n", ("imap", "imap", None));
    unasked(b"@RSYNCD: 31.0 sha512 sha256\n", ("rsyncd", "rsync", None));
    unasked(b"RFB 003.008\n", ("vnc", "rfb", None));
    unasked(b"\xff\xfd\x18\xff\xfd\x20", ("telnet", "telnet", None));
    unasked(b"INFO {\"server_id\":\"N\",\"version\":\"2.9.10\"} \r\n", ("nats", "nats", Some("2.9.10")));
    unasked(b"\x15\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0", ("mysql", "mysql", Some("8.0.36")));
    let mariadb = b"\x29\0\0\0\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\0\x08\0\0\0abcd";
    unasked(mariadb, ("mariadb", "mysql", Some("10.11.6")));
    unasked(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0xfe, 3, 0, 0, 0, 1], ("grpc", "grpc", None));
    unasked(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100], ("http2", "http2", None));
}

#[test]
fn a_port_decides_only_between_like_greetings() {
    check(21, b"", b"220 welcome\r\n", ("ftp", "ftp", None));
    check(25, b"", b"220 welcome\r\n", ("smtp", "smtp", None));
    assert_eq!(ask_script(&Script::new(&[(b"", b"220 welcome\r\n")]), 4000, None), None);
}

#[test]
fn answers_to_safe_openings_are_understood() {
    check(5432, b"\0\0\0\x08\x04\xd2\x16\x2f", b"N", ("postgresql", "postgresql", None));
    check(6379, b"*1\r\n$4\r\nPING", b"-NOAUTH Authentication required.\r\n", ("redis", "redis", None));
    check(11211, b"version", b"VERSION 1.6.18\r\n", ("memcached", "memcached", Some("1.6.18")));
    check(
        11300,
        b"stats",
        b"OK 21\r\n---\nversion: \"1.12\"\n\r\n",
        ("beanstalkd", "beanstalkd", Some("1.12")),
    );
    check(1883, b"\x10", b"\x20\x02\x00\x05", ("mqtt", "mqtt", None));
    check(9042, b"\x04\0\0\0\x05", b"\x84\0\0\0\x06\0\0\0\x02\0\0", ("cassandra", "cassandra", None));
    check(7687, b"\x60\x60\xb0\x17", b"\0\0\x04\x05", ("neo4j", "bolt", None));
    check(1099, b"JRMI", b"\x4e\0\x09127.0.0.1\0\0\x9c\x40", ("rmiregistry", "rmi", None));
    check(445, b"\0\0\0\x68\xfeSMB", b"\0\0\0\xf0\xfeSMB\x40\0", ("smb", "smb", None));
    check(
        3389,
        b"\x03\0\0\x13",
        b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x0f\x08\0\x02\0\0\0",
        ("rdp", "rdp", None),
    );
    check(554, b"OPTIONS * RTSP/1.0", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", ("rtsp", "rtsp", None));
    check(389, b"\x30", b"\x30\x1d\x02\x01\x01\x64\x18\x04\0\x30\x14", ("ldap", "ldap", None));
    let mssql = b"\x04\x01\x00\x14\0\0\x01\0\0\0\x06\0\x06\xff\x10\0\x03\xe8\0\0";
    check(1433, b"\x12", mssql, ("mssql", "mssql", Some("16.0.1000")));
}

#[test]
fn answers_must_repeat_the_number_that_was_sent() {
    for protocol in ["mongodb", "kafka", "dns"] {
        let protocol = super::protocol::by_name(protocol).unwrap();
        let nonce = 0x0123_4567_89ab_cdef;
        let mut answer = (protocol.opening)(nonce);
        match protocol.name {
            "mongodb" => answer.copy_within(4..8, 8),
            "kafka" => answer = [&[0, 0, 0, 10][..], &answer[8..12], &[0, 0, 0, 0]].concat(),
            _ => answer[4] |= 0x80,
        }
        assert!((protocol.read)(&answer, nonce).is_some(), "{}", protocol.name);
        assert!((protocol.read)(&answer, !nonce).is_none(), "{}", protocol.name);
    }
}

#[test]
fn tls_names_what_it_carries() {
    check(443, b"\x16\x03\x01", b"\x15\x03\x03\0\x02\x02\x46", ("tls", "tls", None));
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0, 0, 9, 0, 16, 0, 5, 0, 3, 2, b'h', b'2']);
    let mut record = vec![0x16, 3, 3, 0, u8::try_from(hello.len() + 4).unwrap(), 2, 0, 0, 0];
    record[8] = u8::try_from(hello.len()).unwrap();
    record.extend(hello);
    check(8443, b"\x16\x03\x01", &record, ("https", "https", None));
    // What a TLS server says to HTTP.
    check(40000, b"GET /", b"\x15\x03\x01\0\x02\x02\x16", ("tls", "tls", None));
}

#[test]
fn amqp_tells_its_product_before_any_login() {
    let mut table = b"\x0ccapabilitiesF\0\0\0\0".to_vec();
    table.extend(b"\x07productS\0\0\0\x08RabbitMQ\x07versionS\0\0\0\x063.10.8");
    let mut payload = vec![0, 10, 0, 10, 0, 9];
    payload.extend(u32::try_from(table.len()).unwrap().to_be_bytes());
    payload.extend(table);
    let mut frame = vec![1, 0, 0];
    frame.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(payload);
    frame.push(0xce);
    check(5672, b"AMQP\0\0\x09\x01", &frame, ("rabbitmq", "amqp", Some("3.10.8")));
    check(40000, b"GET /", b"AMQP\0\0\x09\x01", ("amqp", "amqp", None));
}

#[test]
fn pages_give_their_servers_away() {
    let says = |head: &str, body: &str, expected| check(40000, b"GET / ", &page(head, body), expected);
    says("Server: nginx/1.22.1\r\n", "", ("nginx", "http", Some("1.22.1")));
    says("Server: Werkzeug/3.1.9 Python/3.11.7\r\n", "", ("werkzeug", "http", Some("3.1.9")));
    says("Server: WSGIServer/0.2 CPython/3.11.7\r\n", "", ("wsgiref", "http", None));
    says("Server: Python/3.11 aiohttp/3.9.1\r\n", "", ("aiohttp", "http", Some("3.9.1")));
    says("Server: Jetty(9.4.51.v20230217)\r\n", "", ("jetty", "http", Some("9.4.51.v20230217")));
    says("X-Powered-By: Express\r\n", "", ("express", "http", None));
    says("X-Powered-By: PHP/8.2.7\r\nServer: Apache/2.4.57\r\n", "", ("apache", "http", Some("2.4.57")));
    says("X-Jenkins: 2.440\r\nServer: Jetty(10.0.18)\r\n", "", ("jenkins", "http", Some("2.440")));
    says("", "<script type=\"module\" src=\"/@vite/client\"></script>", ("vite", "http", None));
    let elastic = r#"{"version":{"number":"8.1.0"},"tagline":"You Know, for Search"}"#;
    says("", elastic, ("elasticsearch", "http", Some("8.1.0")));
    let mongo = "It looks like you are trying to access MongoDB over HTTP on the native driver port.\n";
    says("", mongo, ("mongodb", "mongodb", None));
    says("", "hello", ("http", "http", None));
}

#[test]
fn products_are_asked_for_their_version() {
    let told = |root: &[u8], path: &str, answer: &str, port| {
        let opening = format!("GET {path} ");
        let answer = page("Content-Type: application/json\r\n", answer);
        let script = Script::new(&[(opening.as_bytes(), &answer), (b"GET ", root)]);
        let told = ask_script(&script, port, None).unwrap();
        assert!(script.heard.lock().unwrap().len() <= 4, "at most three questions after the first");
        (told.id, told.version)
    };
    let expected = |id: &str, version: &str| (id.to_owned(), Some(version.to_owned()));
    let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n";
    let etcd = r#"{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}"#;
    assert_eq!(told(missing, "/version", etcd, 40000), expected("etcd", "3.4.23"));
    let graph = b"HTTP/1.1 302 Found\r\nLocation: /graph\r\nContent-Length: 0\r\n\r\n";
    let build = r#"{"status":"success","data":{"version":"2.42.0"}}"#;
    assert_eq!(told(graph, "/api/v1/status/buildinfo", build, 40000), expected("prometheus", "2.42.0"));
    let node = r#"{"Browser":"node.js/v20.20.2","Protocol-Version":"1.1"}"#;
    assert_eq!(told(missing, "/json/version", node, 40000), expected("node-inspector", "20.20.2"));
    let chrome = r#"{"Browser":"Chrome/148.0.7778.167"}"#;
    assert_eq!(told(missing, "/json/version", chrome, 9222), expected("chrome-devtools", "148.0.7778.167"));
    let ollama = page("", "Ollama is running");
    assert_eq!(told(&ollama, "/api/version", r#"{"version":"0.3.1"}"#, 40000), expected("ollama", "0.3.1"));
    let jupyter = page("Server: TornadoServer/6.4\r\n", "");
    assert_eq!(told(&jupyter, "/api", r#"{"version":"2.14.2"}"#, 40000), expected("jupyter", "2.14.2"));
}

#[test]
fn a_known_server_hears_its_own_protocol_alone() {
    for (id, port, start) in [
        ("postgresql", 40000, &b"\0\0\0\x08\x04\xd2\x16\x2f"[..]),
        ("mosquitto", 40000, b"\x10"),
        ("redis", 40000, b"*1\r\n$4\r\nPING\r\n"),
        ("memcached", 40000, b"version\r\n"),
        ("kafka", 40000, b"\0\0\0\x0a"),
    ] {
        let script = Script::new(&[]);
        assert_eq!(ask_script(&script, port, looked(id)), None);
        let heard = script.heard.into_inner().unwrap();
        assert!(heard.len() == 1 && heard[0].starts_with(start), "{id} heard {heard:?}");
    }
}

#[test]
fn servers_that_speak_first_and_debuggers_hear_nothing() {
    let left_alone =
        ["sshd", "mysql", "nats", "jdwp", "gdbserver", "delve", "debugpy", "epmd", "netcat", "rust-analyzer"];
    for id in left_alone {
        let script = Script::new(&[]);
        assert_eq!(ask_script(&script, 40000, looked(id)), None);
        assert_eq!(script.heard.into_inner().unwrap(), Vec::<Vec<u8>>::new(), "{id}");
    }
    for (id, port) in [(Some("java"), 5005), (None, 5005), (None, 9100)] {
        let script = Script::new(&[]);
        assert_eq!(ask_script(&script, port, id.and_then(looked)), None);
        assert!(script.heard.into_inner().unwrap().is_empty(), "{id:?} at {port}");
    }
}

#[test]
fn nothing_unsafe_is_ever_said() {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let words = PROTOCOLS.iter().map(Say::Open).chain([Say::Http("/")]);
    let paths = super::http::all_paths().map(Say::Http);
    for say in words.chain(paths) {
        let opening = say.opening(address, 7);
        let holds = |word: &[u8]| opening.windows(word.len()).any(|window| window == word);
        for word in [&b"JDWP"[..], b"initialize", b"AUTH", b"POST", b"user\0", b"PASS", b"LOGIN"] {
            assert!(!holds(word), "{say:?} says {word:?}");
        }
    }
    let connect = (super::protocol::by_name("mqtt").unwrap().opening)(7);
    assert_eq!(connect[9], 0x02, "a clean session, no will, no name, no password");
}

#[test]
fn mqtt_clients_do_not_meet() {
    let opening = super::protocol::by_name("mqtt").unwrap().opening;
    assert_ne!(opening(1), opening(2));
    assert_eq!(opening(1).len(), opening(u64::MAX).len());
}

#[test]
fn a_name_learned_by_looking_stays_where_the_port_says_less() {
    let told = |id: &str, answer: &[u8]| {
        let script =
            Script::new(&[(b"GET / ", answer), (b"GET ", b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n")]);
        let told = ask_script(&script, 40000, looked(id)).unwrap();
        (told.id, told.protocol.unwrap(), told.known_by)
    };
    let expected = |id: &str, by| (id.to_owned(), "http".to_owned(), by);
    let werkzeug = page("Server: Werkzeug/3.1.9\r\n", "");
    assert_eq!(told("flask", &werkzeug), expected("flask", KnownBy::Executable));
    assert_eq!(told("python", &werkzeug), expected("werkzeug", KnownBy::Probe));
    assert_eq!(told("node", &page("", "hi")), expected("node", KnownBy::Executable));
    assert_eq!(told("docker-proxy", &page("Server: nginx/1.2\r\n", "")), expected("nginx", KnownBy::Probe));
    let next = page("X-Powered-By: Next.js\r\n", "");
    assert_eq!(told("nginx", &next), expected("nginx", KnownBy::Executable));
    assert_eq!(told("node", &next), expected("next", KnownBy::Probe));
    assert_eq!(told("flask", &page("", "/_next/static/")), expected("flask", KnownBy::Executable));
}

#[test]
fn results_keep_the_order_of_their_targets() {
    let answers: BTreeMap<u16, Vec<u8>> =
        (1..=600).map(|port| (port, format!("SSH-2.0-OpenSSH_{port}\r\n").into_bytes())).collect();
    let world = wharf_os::fake::World { answers, ..wharf_os::fake::World::default() };
    let os = world.os();
    let target = |port| Target { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), looked: None };
    let targets: Vec<_> = (1..=601).map(target).collect();
    let told = probe(os.dialer.as_ref(), &targets, PORT_LIMIT);
    let versions: Vec<_> =
        told.into_iter().map(|service| service.and_then(|service| service.version)).collect();
    let expected: Vec<_> = (1..=601).map(|port| (port <= 600).then(|| port.to_string())).collect();
    assert_eq!(versions, expected);
}

#[test]
fn silent_ports_are_asked_at_once_and_within_the_limit() {
    let script = Script { silence: Duration::from_secs(60), ..Script::new(&[]) };
    let targets: Vec<_> = (1..=1000)
        .map(|port| Target { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 40000 + port)), looked: None })
        .collect();
    let start = Instant::now();
    assert!(probe(&script, &targets, PORT_LIMIT).iter().all(Option::is_none));
    // Four rounds of 300 ms; one after the other it would be 300 s.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

fn openings() -> Vec<Vec<u8>> {
    let answers: [&[u8]; 14] = [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServer: ",
        b"SSH-2.0-OpenSSH_",
        b"220 ",
        b"INFO {\"version\":\"",
        b"\x16\x03\x03",
        b"\x01\0\0\0\0\0\x20\0\x0a\0\x0a\0\x09",
        b"VERSION ",
        b"\x04\x01",
        b"\0\0\x06\x04\0\0\0\0\0",
        b"OK 9\r\n---\nversion: ",
        b"\x20\0\0\0\x0a",
    ];
    answers.iter().map(|answer| answer.to_vec()).collect()
}

proptest! {
    #[test]
    fn no_answer_panics_or_smuggles_control_characters(
        start in proptest::sample::select(openings()),
        rest in proptest::collection::vec(any::<u8>(), 0..80),
        port: u16,
        nonce: u64,
    ) {
        let answer = [start, rest].concat();
        let words = PROTOCOLS.iter().map(Say::Open).chain([Say::Nothing]).chain(super::http::all_paths().map(Say::Http));
        for say in words {
            let _ = say.is_complete(&answer);
            let found = say.read(&answer, nonce).or_else(|| super::protocol::unasked(&answer, port));
            if let Some(finding) = found {
                let service = settle(None, finding);
                let text = format!("{}{}{}", service.id, service.name, service.version.unwrap_or_default());
                prop_assert!(!text.contains(char::is_control), "{text:?}");
            }
        }
    }
}

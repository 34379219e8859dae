//! A router with one route, an upstream that does as it is told, and a client that counts bytes.
//!
//! Not here: what is tried with them.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use wharf_model::route::{Route, RouteOrigin};
use wharf_os::{Os, entrance};
use wharf_router::config::Config;
use wharf_router::entrance::Purpose;
use wharf_router::fault::Plain;
use wharf_router::router::Router;
use wharf_router::table::Readiness;

/// A router whose one route leads to an upstream of the test's own.
pub(crate) struct Bench {
    pub(crate) router: Router,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

/// A connection of a client or of an upstream.
pub(crate) struct Wire(pub(crate) TcpStream);

/// What an upstream was told, connection by connection.
pub(crate) type Told<T> = Receiver<T>;

impl Bench {
    /// Returns one whose upstream does `serve` with each connection, in a thread of its own.
    pub(crate) fn new<T: Send + 'static>(
        serve: impl Fn(usize, Wire) -> T + Send + Sync + Clone + 'static,
    ) -> (Self, Told<T>) {
        let (upstream, told) = upstream(serve);
        (Self::before(&upstream), told)
    }

    /// The same for raw TCP, which comes in where the client connects to.
    pub(crate) fn raw<T: Send + 'static>(
        serve: impl Fn(usize, Wire) -> T + Send + Sync + Clone + 'static,
    ) -> (Self, Told<T>) {
        let (upstream, told) = upstream(serve);
        (Self::raw_before(&upstream), told)
    }

    /// The same before `upstream`.
    pub(crate) fn raw_before(upstream: &str) -> Self {
        let mut bench = Self::before("9");
        let listener = entrance::open_at("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        bench.port = address.port();
        bench.router.let_in(listener, Purpose::Tcp);
        let route = Route { address: Some(address), ..route("db.localhost", &format!("tcp://{upstream}")) };
        bench.router.put(route, Readiness::Ready);
        bench
    }

    /// Returns one before `upstream`.
    pub(crate) fn before(upstream: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("authority");
        let router = Router::start(Config::default(), place, Os::native(), Box::new(Plain)).unwrap();
        let listeners = entrance::open(0).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        for listener in listeners {
            router.let_in(listener, Purpose::Http { https: None });
        }
        router.put(route("app.localhost", upstream), Readiness::Ready);
        Self { router, port, _folder: folder }
    }

    /// Returns where the same router is reached by TLS.
    pub(crate) fn secured(&self) -> Door {
        let listener = entrance::open_at("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        self.router.let_in(listener, Purpose::Https);
        Door(port)
    }

    pub(crate) fn client(&self) -> Wire {
        Wire::of(TcpStream::connect(("127.0.0.1", self.port)).unwrap())
    }

    /// Sends `request`, which asks to close, and returns all that comes back.
    pub(crate) fn ask(&self, request: &str) -> String {
        let mut client = self.client();
        client.say(request);
        client.rest()
    }
}

/// Does `serve` with each connection, in a thread of its own; returns where.
fn upstream<T: Send + 'static>(
    serve: impl Fn(usize, Wire) -> T + Send + Sync + Clone + 'static,
) -> (String, Told<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let (tell, told) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (serve, tell, wire) = (serve.clone(), tell.clone(), Wire::of(stream.unwrap()));
            thread::spawn(move || tell.send(serve(number, wire)));
        }
    });
    (at, told)
}

/// A port of the router.
pub(crate) struct Door(u16);

impl Door {
    pub(crate) fn client(&self) -> Wire {
        Wire::of(TcpStream::connect(("127.0.0.1", self.0)).unwrap())
    }
}

pub(crate) fn route(host: &str, upstream: &str) -> Route {
    Route {
        host: host.to_owned(),
        path: None,
        strip: false,
        wildcard: false,
        upstream: upstream.parse().unwrap(),
        starting: false,
        url: None,
        address: None,
        note: None,
        name: None,
        origin: RouteOrigin::Added,
        process: None,
        uid: None,
    }
}

impl Wire {
    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Reads up to and with `end`.
    pub(crate) fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end.as_bytes()) {
            let mut byte = [0];
            match self.0.read(&mut byte) {
                Ok(1) => bytes.push(byte[0]),
                other => panic!("{other:?} after {}", bytes.escape_ascii()),
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Reads a head.
    pub(crate) fn head(&mut self) -> String {
        self.until("\r\n\r\n")
    }

    /// Reads to the end.
    pub(crate) fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads to the end, or until it is broken off.
    pub(crate) fn rest_or_reset(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends no more.
    pub(crate) fn half_close(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(20);

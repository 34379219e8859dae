//! Two who tell the router its routes at once.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use wharf_model::route::{Route, RouteOrigin, Upstream};
use wharf_os::Os;
use wharf_router::config::Config;
use wharf_router::fault::Plain;
use wharf_router::router::Router;

use super::Doorway;
use crate::added::Added;
use crate::raw::Raw;

#[test]
fn what_is_added_while_another_looks_at_leases_is_there_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority");
    let doorway = Arc::new(Doorway {
        router: Router::start(Config::default(), authority, Os::native(), Box::new(Plain)).unwrap(),
        http: 0.into(),
        warnings: Vec::new(),
        added: Mutex::new(Added::read(folder.path().join("routes"), &mut Vec::new())),
        entrances: Mutex::default(),
        raw: Raw::default(),
        is_open: false.into(),
        watched: Mutex::default(),
    });
    let route = |host: &str| Route {
        host: host.to_owned(),
        path: None,
        strip: false,
        wildcard: false,
        upstream: Upstream::http(1),
        starting: false,
        url: None,
        address: None,
        note: None,
        name: None,
        origin: RouteOrigin::Added,
        process: None,
        uid: None,
    };
    assert!(doorway.add(route("old.localhost"), None).unwrap());
    let (tell, told) = channel();
    let mut adding = None;
    let look = || {
        let other = Arc::clone(&doorway);
        adding = Some(thread::spawn(move || {
            let _ = tell.send(());
            let outcome = other.add(route("new.localhost"), None);
            let _ = tell.send(());
            outcome
        }));
        told.recv().unwrap();
        // It is not let in between. Were it, it would be done long before this is over.
        let is_between = told.recv_timeout(Duration::from_millis(200)).is_ok();
        assert!(!is_between, "a route was added while leases were looked at");
        Ok::<_, ()>((Vec::new(), Vec::new()))
    };
    let then: Arc<dyn Fn() + Send + Sync> = Arc::new(|| ());
    doorway.sync(look, &then).unwrap();
    assert!(adding.unwrap().join().unwrap().unwrap());
    for host in ["old.localhost", "new.localhost"] {
        assert!(doorway.router.route(host, None).is_some(), "{host}");
    }
}

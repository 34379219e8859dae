//! Files in a directory of the test's own. Not here: files that are mounted, and /etc/hosts itself (`wharf/tests`).

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::XattrFlags;

use super::{DRAFT, Way, block, write};

struct Place {
    folder: tempfile::TempDir,
    hosts: PathBuf,
    lock: PathBuf,
}

fn place(text: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, lock) = (folder.path().join("hosts"), folder.path().join("lock"));
    fs::write(&hosts, text).unwrap();
    Place { folder, hosts, lock }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("n{number}.shop.test")).collect()
}

fn install(place: &Place, uid: u32, count: usize) -> std::io::Result<Way> {
    write(&place.hosts, &place.lock, |text| block::rewrite(text, uid, &names(count)).text)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_file_is_replaced_and_is_the_same_again_afterwards() {
    let place = place("127.0.0.1 localhost");
    fs::set_permissions(&place.hosts, Permissions::from_mode(0o640)).unwrap();
    let has_attributes =
        rustix::fs::setxattr(&place.hosts, "user.note", b"kept", XattrFlags::empty()).is_ok();
    // Left by one that was killed.
    fs::write(place.folder.path().join(DRAFT), "remains").unwrap();
    assert_eq!(install(&place, 1000, 3).unwrap(), Way::Replaced);
    assert_eq!(install(&place, 1000, 3).unwrap(), Way::Unchanged);
    assert_eq!(block::names(text(&place.hosts).as_bytes(), 1000), names(3));
    assert_eq!(fs::metadata(&place.hosts).unwrap().permissions().mode() & 0o7777, 0o640);
    if has_attributes {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&place.hosts, "user.note", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"kept");
    }
    assert_eq!(install(&place, 1000, 0).unwrap(), Way::Replaced);
    assert_eq!(text(&place.hosts), "127.0.0.1 localhost");
    let left: Vec<_> = fs::read_dir(place.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left beside it: {left:?}");
}

#[test]
fn a_symbolic_link_is_followed_and_stays_one() {
    let place = place("a\n");
    let elsewhere = place.folder.path().join("elsewhere");
    fs::rename(&place.hosts, &elsewhere).unwrap();
    symlink("elsewhere", &place.hosts).unwrap();
    assert_eq!(install(&place, 1000, 1).unwrap(), Way::Replaced);
    assert!(fs::symlink_metadata(&place.hosts).unwrap().is_symlink());
    assert!(text(&elsewhere).contains("n0.shop.test"));
    fs::remove_file(&elsewhere).unwrap();
    let error = install(&place, 1000, 1).unwrap_err().to_string();
    assert!(error.contains("a symbolic link to what is not there"), "{error}");
}

#[test]
fn where_there_is_none_one_is_made() {
    let place = place("");
    fs::remove_file(&place.hosts).unwrap();
    assert_eq!(install(&place, 1000, 0).unwrap(), Way::Unchanged);
    assert_eq!(install(&place, 1000, 1).unwrap(), Way::Replaced);
    assert_eq!(fs::metadata(&place.hosts).unwrap().permissions().mode() & 0o7777, 0o644);
    fs::remove_file(&place.hosts).unwrap();
    fs::create_dir(&place.hosts).unwrap();
    assert!(install(&place, 1000, 1).unwrap_err().to_string().contains("no regular file"));
}

#[test]
fn what_somebody_writes_without_the_lock_meanwhile_is_not_lost() {
    let append = |place: &Place| {
        OpenOptions::new().append(true).open(&place.hosts).unwrap().write_all(b"second\n").unwrap();
    };
    let rename = |place: &Place| {
        let other = place.folder.path().join("other");
        fs::write(&other, text(&place.hosts) + "second\n").unwrap();
        fs::rename(&other, &place.hosts).unwrap();
    };
    for meddle in [&append as &dyn Fn(&Place), &rename] {
        let place = place("first\n");
        let asked = std::cell::Cell::new(0);
        let way = write(&place.hosts, &place.lock, |found| {
            asked.set(asked.get() + 1);
            if asked.get() == 2 {
                // Between the look and the change.
                meddle(&place);
            }
            block::rewrite(found, 1000, &names(2)).text
        });
        assert_eq!((way.unwrap(), asked.get()), (Way::Replaced, 3));
        assert_eq!(block::names(text(&place.hosts).as_bytes(), 1000), names(2));
        install(&place, 1000, 0).unwrap();
        assert_eq!(text(&place.hosts), "first\nsecond\n");
    }
}

#[test]
fn many_at_once_wait_for_each_other_and_no_reader_sees_a_part() {
    let place = place("127.0.0.1 localhost\n");
    let is_over = AtomicBool::new(false);
    let writers = 4;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                let text = text(&place.hosts);
                assert!(text.starts_with("127.0.0.1 localhost\n") && text.ends_with('\n'), "{text}");
                for uid in 0..writers {
                    let found = block::names(text.as_bytes(), uid).len();
                    assert!(found == 0 || found == 50, "{found} of {uid}");
                    assert_eq!(block::rewrite(text.as_bytes(), uid, &[]).repaired, None, "{text}");
                }
                seen += 1;
            }
            seen
        });
        let all: Vec<_> = (0..writers)
            .map(|uid| {
                let place = &place;
                scope.spawn(move || {
                    for round in 0..25 {
                        install(place, uid, if round % 2 == 0 { 50 } else { 0 }).unwrap();
                    }
                })
            })
            .collect();
        all.into_iter().for_each(|writer| writer.join().unwrap());
        is_over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 10);
    });
    assert!((0..writers).all(|uid| block::names(text(&place.hosts).as_bytes(), uid).len() == 50));
}

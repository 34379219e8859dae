//! What git itself makes: linked work trees, submodules and detached heads, read through plain files.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test runs real programs and says what it skips"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use wharf_catalog::project::Projects;
use wharf_model::place::Project;
use wharf_os::traits::Files;

/// The disk, as it is.
struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
        if size <= limit as u64 { fs::read(path).ok() } else { None }
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn list(&self, directory: &Path, _: usize) -> Option<Vec<std::ffi::OsString>> {
        fs::read_dir(directory).ok()?.map(|entry| entry.ok().map(|entry| entry.file_name())).collect()
    }
}

/// Runs git without the settings of whoever runs the test, and returns what it prints.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "protocol.file.allow=always"])
        .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgSign=false"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn find(directory: &Path) -> Project {
    Projects::new().find(&Disk, directory.to_str().unwrap()).unwrap()
}

#[test]
fn work_trees_submodules_and_heads_are_read_as_git_made_them() {
    if Command::new("git").arg("--version").output().is_err() {
        skip("needs git (Debian package git)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // Canonical, as a process's working directory is.
    let base = folder.path().canonicalize().unwrap();
    let (shop, lib) = (base.join("shop"), base.join("lib"));
    for repository in [&shop, &lib] {
        fs::create_dir(repository).unwrap();
        git(repository, &["init"]);
        fs::write(repository.join("package.json"), r#"{"name":"inner"}"#).unwrap();
        git(repository, &["add", "."]);
        git(repository, &["commit", "-m", "first"]);
    }
    git(&shop, &["submodule", "add", "../lib", "vendor/lib"]);
    git(&shop, &["worktree", "add", "-b", "feat/cart", "../shop-cart"]);
    git(&shop, &["worktree", "add", "--detach", "../shop-old"]);

    let main = find(&shop);
    assert_eq!((main.name.as_str(), main.branch.as_deref()), ("shop", Some("main")));
    assert_eq!((main.root.as_str(), main.worktree), (shop.to_str().unwrap(), None));
    assert_eq!(main.package.as_deref(), Some("inner"));

    let cart = base.join("shop-cart");
    let linked = find(&cart);
    assert_eq!((linked.name.as_str(), linked.branch.as_deref()), ("shop", Some("feat/cart")));
    assert_eq!(
        (linked.root.as_str(), linked.worktree.as_deref()),
        (cart.to_str().unwrap(), Some("shop-cart"))
    );

    let old = find(&base.join("shop-old"));
    let commit = git(&shop, &["rev-parse", "HEAD"]);
    assert_eq!((old.branch, old.detached_at.as_deref()), (None, Some(&commit[..12])));

    let module = shop.join("vendor/lib");
    let sub = find(&module);
    assert_eq!((sub.name.as_str(), sub.root.as_str()), ("lib", module.to_str().unwrap()));
    assert_eq!((sub.branch.as_deref(), sub.worktree), (Some("main"), None));
}

#[test]
fn the_work_tree_of_a_bare_repository_has_its_name() {
    if Command::new("git").arg("--version").output().is_err() {
        skip("needs git (Debian package git)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().canonicalize().unwrap();
    let (source, out) = (base.join("source"), base.join("out"));
    fs::create_dir(&source).unwrap();
    git(&source, &["init"]);
    git(&source, &["commit", "--allow-empty", "-m", "first"]);
    git(&base, &["clone", "--bare", "source", "store.git"]);
    git(&base.join("store.git"), &["worktree", "add", "../out", "main"]);
    let project = find(&out);
    assert_eq!((project.name.as_str(), project.branch.as_deref()), ("store", Some("main")));
    assert_eq!(project.worktree.as_deref(), Some("out"));
}

/// Says that a test was skipped, and why, to people and to the runner that lists what was skipped.
fn skip(reason: &str) {
    let line = format!("skipped: wharf-catalog real_git: {reason}");
    eprintln!("{line}");
    if let Some(list) = std::env::var_os("WHARF_SKIPPED") {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

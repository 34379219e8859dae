//! Directories as values: each test is a small disk and what a process in it belongs to.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use proptest::prelude::*;
use wharf_model::place::Project;
use wharf_os::fake::World;
use wharf_os::traits::Files;

use super::Projects;

fn world(files: &[(&str, &str)]) -> World {
    let files = files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
    World { files: files.collect(), ..World::default() }
}

/// Finds the project on a system that lists directories and on one that does not: it is the same.
#[track_caller]
fn find(files: &[(&str, &str)], cwd: &str) -> Option<Project> {
    let files = world(files).os().files;
    let found = Projects::new().find(&*files, cwd);
    assert_eq!(Projects::new().find(&Counting { files: &*files, reads: Mutex::default() }, cwd), found);
    found
}

/// Checks the project of `cwd` on a disk of `files`, written `name @ root`, then `package` and `branch`
/// where there are any; `-` for no project.
#[track_caller]
fn check(files: &[(&str, &str)], cwd: &str, expected: &str) {
    let seen = find(files, cwd).map_or("-".to_owned(), |project| {
        let part = |name: &str, value: Option<String>| {
            value.map(|value| format!(" {name} {value}")).unwrap_or_default()
        };
        let Project { name, root, package, branch, detached_at, worktree, .. } = project;
        format!("{name} @ {root}")
            + &part("package", package)
            + &part("branch", branch)
            + &part("at", detached_at)
            + &part("worktree", worktree)
    });
    assert_eq!(seen, expected, "{cwd}");
}

#[test]
fn git_gives_the_root_and_the_nearest_manifest_the_package() {
    let disk = [
        ("/home/a/shop/.git/HEAD", "ref: refs/heads/feat/a\n"),
        ("/home/a/shop/package.json", r#"{"name":"shop-root"}"#),
        ("/home/a/shop/web/package.json", r#"{"name":"@shop/web","version":"1"}"#),
        ("/home/a/shop/web/src/index.ts", ""),
        ("/home/a/package.json", r#"{"name":"stray"}"#),
    ];
    check(&disk, "/home/a/shop/web/src", "shop @ /home/a/shop package @shop/web branch feat/a");
    check(&disk, "/home/a/shop", "shop @ /home/a/shop package shop-root branch feat/a");
    check(&disk, "/home/a/shop/api (deleted)", "shop @ /home/a/shop package shop-root branch feat/a");
    assert_eq!(find(&disk, "/home/a/shop/web").unwrap().manifest.unwrap(), "/home/a/shop/web/package.json");
    check(&disk, "/home/a/other", "-");
    check(&[("/home/a/x/.git/HEAD", "ref: refs/heads/main")], "/home/a/x/y", "x @ /home/a/x branch main");
}

#[test]
fn heads_are_branches_or_commits() {
    let head = |text: &str, expected: &str| {
        check(&[("/srv/x/.git/HEAD", text)], "/srv/x", format!("x @ /srv/x{expected}").as_str());
    };
    head("0123456789abcdef0123456789abcdef01234567\n", " at 0123456789ab");
    head(&"f".repeat(64), " at ffffffffffff");
    head("ref: refs/heads/.invalid\n", "");
    head("ref: refs/remotes/origin/main\n", " branch remotes/origin/main");
    head("ref: refs/heads/\n", "");
    head("ref: refs/heads/a\u{1b}[2Jb\n", "");
    head("", "");
    head("abc\n", "");
    head("\0\0", "");
}

#[test]
fn every_worktree_of_a_repository_has_its_name() {
    let disk = [
        ("/code/shop/.git/HEAD", "ref: refs/heads/main"),
        ("/code/shop/.git/worktrees/fix/HEAD", "ref: refs/heads/fix/it"),
        ("/code/shop/.git/worktrees/fix/commondir", "../..\n"),
        ("/elsewhere/shop-fix/.git", "gitdir: /code/shop/.git/worktrees/fix\n"),
        ("/code/shop/.git/worktrees/rel/HEAD", "0123456789abcdef0123456789abcdef01234567"),
        ("/code/shop/.git/worktrees/rel/commondir", "../.."),
    ];
    check(&disk, "/elsewhere/shop-fix/src", "shop @ /elsewhere/shop-fix branch fix/it worktree fix");
    // The paths in `.git` may be relative (git 2.48); the fake disk knows no `..`, so only the name is told.
    let relative = [("/code/rel/.git", "gitdir: ../shop/.git/worktrees/rel"), disk[5]];
    check(&relative, "/code/rel", "rel @ /code/rel");
}

#[test]
fn worktrees_of_a_bare_repository_go_by_its_name() {
    let worktree = |common: &str| {
        let git_dir = format!("{common}/worktrees/main");
        let (head, common) = (format!("{git_dir}/HEAD"), format!("{git_dir}/commondir"));
        let pointer = format!("gitdir: {git_dir}");
        find(&[("/w/main/.git", &pointer), (&head, "ref: refs/heads/main"), (&common, "../..")], "/w/main")
            .unwrap()
            .name
    };
    assert_eq!(worktree("/srv/shop.git"), "shop");
    assert_eq!(worktree("/srv/shop/.bare"), "shop");
    assert_eq!(worktree("/srv/shop/.git"), "shop");
    assert_eq!(worktree("/srv/super/.git/modules/lib"), "lib");
}

#[test]
fn a_submodule_is_a_root_of_its_own() {
    let disk = [
        ("/w/super/.git/HEAD", "ref: refs/heads/main"),
        ("/w/super/lib/.git", "gitdir: /w/super/.git/modules/lib"),
        ("/w/super/.git/modules/lib/HEAD", "ref: refs/heads/dev"),
    ];
    check(&disk, "/w/super/lib/src", "lib @ /w/super/lib branch dev");
    check(&disk, "/w/super/.git/modules/lib", "super @ /w/super branch main");
}

#[test]
fn a_broken_or_empty_git_is_seen_for_what_it_is() {
    check(&[("/w/x/.git", "gitdir: /gone/.git/worktrees/x")], "/w/x", "x @ /w/x");
    check(&[("/w/x/.git", "gitdir:")], "/w/x", "-");
    check(&[("/w/x/.git", "what?")], "/w/x", "-");
    check(&[("/w/x/.git", "")], "/w/x", "-");
    check(&[("/w/x/.git/config", "")], "/w/x", "-");
    check(&[("/w/x/.git", "gitdir: .git")], "/w/x", "x @ /w/x");
}

#[test]
fn each_manifest_says_its_name() {
    let package =
        |file: &str, text: &str| find(&[(&format!("/w/dir/{file}"), text)], "/w/dir").unwrap().package;
    let says =
        |file: &str, text: &str, name: &str| assert_eq!(package(file, text).as_deref(), Some(name), "{file}");
    says("package.json", "\u{feff}{\"name\":\"a\",\"x\":[1]}", "a");
    says("pyproject.toml", "[build-system]\n[project]\nname = 'b'\n", "b");
    says("pyproject.toml", "[tool.poetry]\nname = \"c\"\n[tool.ruff]\n", "c");
    says("Cargo.toml", "[package]\nname = \"d\"\nversion.workspace = true\n", "d");
    says("go.mod", "// x\nmodule example.org/team/e/v2 // y\n\ngo 1.22\n", "e");
    says("go.mod", "module \"f\"\n", "f");
    says("go.mod", "module v2\n", "v2");
    says("composer.json", r#"{"name":"acme/g"}"#, "acme/g");
    says("deno.json", r#"{"name":"@h/h","exports":"./m.ts"}"#, "@h/h");
    says("mix.exs", "def project do\n [myapp: 1, app: :i_1, version: \"0\"]\nend", "i_1");
    says("settings.gradle", "plugins { }\nrootProject.name = 'j'\n", "j");
    says("settings.gradle.kts", "rootProject.name = \"k\"", "k");
    let pom = "<?xml version='1'?><!-- <artifactId>no</artifactId> --><project xmlns='x'><parent><artifactId>up\
               </artifactId></parent><modules/><artifactId>l</artifactId></project>";
    says("pom.xml", pom, "l");
    for marker in
        ["Gemfile", "manage.py", "requirements.txt", "build.gradle", "dir.gemspec", "dir.csproj", "dir.sln"]
    {
        says(marker, "", "dir");
    }
}

#[test]
fn a_manifest_without_a_name_lets_an_outer_one_speak() {
    let nested = |inner: &'static str| {
        [("/w/a/package.json", r#"{"name":"outer"}"#), ("/w/a/dist/package.json", inner)]
    };
    for inner in
        [r#"{"type":"module"}"#, r#"{"name":7}"#, r#"{"name":""}"#, "{", "", r#"{"name":"a\u0007b"}"#, "[1]"]
    {
        check(&nested(inner), "/w/a/dist", "a @ /w/a package outer");
    }
    let workspace = [("/w/ws/Cargo.toml", "[workspace]\nmembers = []"), ("/w/ws/app/src/main.rs", "")];
    check(&workspace, "/w/ws/app", "ws @ /w/ws");
    let two = [("/w/m/package.json", r#"{"private":true}"#), ("/w/m/pyproject.toml", "[project]\nname='py'")];
    check(&two, "/w/m", "m @ /w/m package py");
}

#[test]
fn wharf_toml_gives_the_name_that_people_want() {
    let git = [
        ("/w/x/.git/HEAD", "ref: refs/heads/main"),
        ("/w/x/wharf.toml", "name = \"shop\"\n[other]\n"),
        ("/w/x/web/package.json", r#"{"name":"web"}"#),
    ];
    check(&git, "/w/x/web", "shop @ /w/x package web branch main");
    let plain = [("/w/y/wharf.toml", "name = 'yard'"), ("/w/y/api/go.mod", "module a/api")];
    check(&plain, "/w/y/api", "yard @ /w/y package api");
    check(&plain, "/w/y", "yard @ /w/y");
    check(&[("/w/z/wharf.toml", "name = 3")], "/w/z", "-");
    check(&[("/home/a/wharf.toml", "name = 'mine'")], "/home/a", "mine @ /home/a");
}

#[test]
fn what_lies_in_node_modules_belongs_to_the_outer_package() {
    let disk = [
        ("/w/a/package.json", r#"{"name":"outer"}"#),
        ("/w/a/node_modules/vite/package.json", r#"{"name":"vite"}"#),
        ("/usr/lib/node_modules/pm2/package.json", r#"{"name":"pm2"}"#),
    ];
    check(&disk, "/w/a/node_modules/vite/dist", "a @ /w/a package outer");
    check(&disk, "/usr/lib/node_modules/pm2", "-");
}

#[test]
fn homes_and_what_is_hidden_in_them_are_no_projects() {
    let disk = [
        ("/home/a/.git/HEAD", "ref: refs/heads/dotfiles"),
        ("/home/a/package.json", r#"{"name":"stray"}"#),
        ("/home/a/.vscode-server/bin/1/package.json", r#"{"name":"code-oss"}"#),
        ("/home/a/.worktrees/fix/.git/HEAD", "ref: refs/heads/fix"),
        ("/home/a/.worktrees/fix/package.json", r#"{"name":"real"}"#),
        ("/root/.git/HEAD", "ref: refs/heads/main"),
        ("/data/people/b/.git/HEAD", "ref: refs/heads/main"),
    ];
    for cwd in
        ["/home/a", "/home/a/.config/x", "/home/a/scratch", "/home/a/.vscode-server/bin/1", "/root", "/home"]
    {
        check(&disk, cwd, "-");
    }
    check(&disk, "/home/a/.worktrees/fix", "fix @ /home/a/.worktrees/fix package real branch fix");
    let files = world(&disk).os().files;
    assert!(Projects::new().find(&*files, "/data/people/b").is_some());
    assert!(Projects::new().with_home("/data/people/b").find(&*files, "/data/people/b/x").is_none());
}

#[test]
fn shared_directories_need_git_or_a_name_that_is_said() {
    let marked = [
        ("/tmp/requirements.txt", ""),
        ("/opt/package.json", "{}"),
        ("/Gemfile", ""),
        ("/var/www/manage.py", ""),
    ];
    for cwd in ["/", "/tmp", "/tmp/x", "/opt", "/var/www", "/usr/sbin", "/var/lib/postgresql/15/main"] {
        check(&marked, cwd, "-");
    }
    check(&[("/etc/.git/HEAD", "ref: refs/heads/master")], "/etc/nginx", "etc @ /etc branch master");
    check(&[("/opt/package.json", r#"{"name":"app"}"#)], "/opt", "opt @ /opt package app");
    check(&[("/package.json", r#"{"name":"app"}"#)], "/", "app @ / package app");
    check(&[("/tmp/x/requirements.txt", "")], "/tmp/x", "x @ /tmp/x package x");
}

#[test]
fn strange_working_directories_have_no_project() {
    let disk = [("/w/a/package.json", r#"{"name":"a"}"#)];
    for cwd in ["", "w/a", "/w/a/../b", "/w/\0a", "(unreachable)/w/a", " (deleted)"] {
        check(&disk, cwd, "-");
    }
    check(&disk, &format!("/w/a{}", "/d".repeat(5000)), "-");
    check(&disk, &format!("/w/a{}", "/d".repeat(50)), "a @ /w/a package a");
}

#[test]
fn a_manifest_over_the_limit_or_not_in_utf_8_says_nothing() {
    let long = format!(r#"{{"x":"{}","name":"a"}}"#, "x".repeat(1024 * 1024));
    check(&[("/w/a/package.json", &long)], "/w/a", "-");
    let mut latin = world(&[]);
    latin.files.insert("/w/a/package.json".into(), b"{\"name\":\"caf\xe9\"}".to_vec());
    assert_eq!(Projects::new().find(&*latin.os().files, "/w/a").unwrap().package, None);
}

/// Counts what is read, and lists no directory.
struct Counting<'a> {
    files: &'a dyn Files,
    reads: Mutex<Vec<PathBuf>>,
}

impl Files for Counting<'_> {
    fn read(&self, path: &Path, limit: usize) -> Option<Vec<u8>> {
        self.reads.lock().unwrap().push(path.to_owned());
        self.files.read(path, limit)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.files.is_dir(path)
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.exists(path)
    }
}

#[test]
fn each_directory_is_read_once_for_all_processes() {
    let files =
        world(&[("/w/a/.git/HEAD", "ref: refs/heads/main"), ("/w/a/web/package.json", "{}")]).os().files;
    let counting = Counting { files: &*files, reads: Mutex::default() };
    let mut projects = Projects::new();
    for cwd in ["/w/a/web", "/w/a/web", "/w/a/api", "/w/a", "/w/a/web"] {
        assert_eq!(projects.find(&counting, cwd).unwrap().name, "a");
    }
    let mut reads = counting.reads.into_inner().unwrap();
    let all = reads.len();
    reads.sort();
    reads.dedup();
    assert_eq!(reads.len(), all, "nothing is read twice");
}

/// A disk where every file that is asked for holds the same bytes.
struct Everywhere(Vec<u8>);

impl Files for Everywhere {
    fn read(&self, _: &Path, limit: usize) -> Option<Vec<u8>> {
        (self.0.len() <= limit).then(|| self.0.clone())
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.as_os_str().len().is_multiple_of(2)
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }
}

proptest! {
    #[test]
    fn any_content_anywhere_is_read_without_panic(
        content in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(gitdir:|ref:|module |app:|<artifactId>|<project>|name ?=|rootProject.name|[{}\"'\\[\\]:<>/\\.=\n é\u{1F6A2}]|[a-z]){0,40}"
                .prop_map(String::into_bytes),
        ],
        cwd in "(/([a-z]{0,3}|\\.\\.?|\\.git|node_modules|é|\\PC)){0,6}",
    ) {
        let files = Everywhere(content);
        Projects::new().find(&files, &cwd);
    }
}

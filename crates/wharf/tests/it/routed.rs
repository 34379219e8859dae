//! Programs behind the router of a sandbox, in a git repository called `shop`, as root or as an ordinary user.
//!
//! Not here: who asks them ([`crate::browser`], [`crate::clients_of_router`]).

use std::path::PathBuf;

use wharf_testkit::run::{Output, Run};
use wharf_testkit::sandbox::{SOMEBODY, Sandbox};

use crate::support::{runs, until};

/// Whose programs, daemon and browser they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Root of the sandbox: ports 443 and 80.
    Root,
    /// An ordinary user: port 8443.
    Somebody,
}

/// A project whose programs have names.
#[derive(Clone, Copy)]
pub(crate) struct Shop<'a> {
    pub(crate) sandbox: &'a Sandbox,
    who: Who,
}

impl<'a> Shop<'a> {
    /// Opens it.
    ///
    /// # Errors
    /// That there is no other user here.
    pub(crate) fn open(sandbox: &'a Sandbox, who: Who) -> Result<Self, String> {
        if who == Who::Somebody && !sandbox.has_users() {
            return Err("no other users in this user namespace: subordinate user ids are needed".to_owned());
        }
        let shop = Self { sandbox, who };
        let _ = shop.sh(OPEN).expect_code(0);
        Ok(shop)
    }

    /// Opens it as whoever there is.
    pub(crate) fn of_anybody(sandbox: &'a Sandbox) -> Self {
        let who = if sandbox.has_users() { Who::Somebody } else { Who::Root };
        Self::open(sandbox, who).expect("that user is there")
    }

    /// Lets whose it all is run it, with a daemon and its router.
    pub(crate) fn own(&self, run: Run<'a>) -> Run<'a> {
        let runtime = self.sandbox.folder().join("scratch/run").display().to_string();
        let run = run.env("WHARF_DAEMON", "1").env("WHARF_ROUTER", "1").env("XDG_RUNTIME_DIR", &runtime);
        if self.who == Who::Somebody { run.as_user(SOMEBODY) } else { run }
    }

    /// Prepares a run of wharf in the project.
    pub(crate) fn wharf(&self, arguments: &[&str]) -> Run<'a> {
        self.wharf_in("shop", arguments)
    }

    /// Prepares a run of wharf in a folder beside it.
    pub(crate) fn wharf_in(&self, folder: &str, arguments: &[&str]) -> Run<'a> {
        let place = format!("--chdir={}", self.folder().with_file_name(folder).display());
        self.own(self.sandbox.wharf(arguments)).by(&["env", &place])
    }

    /// Runs a script of sh in the folder of the sandbox.
    pub(crate) fn sh(&self, script: &str) -> Output {
        self.own(self.sandbox.program(&["sh", "-c", script])).output()
    }

    /// Starts a program in the background, in the project; returns its URL by name.
    #[track_caller]
    pub(crate) fn serve(&self, name: &str, words: &[&str]) -> String {
        self.serve_in("shop", name, words)
    }

    /// Does so in a folder beside it.
    #[track_caller]
    pub(crate) fn serve_in(&self, folder: &str, name: &str, words: &[&str]) -> String {
        let all = [&["run", "--detach", "--json", "--name", name, "--"], words].concat();
        let begun = runs(self.wharf_in(folder, &all));
        begun[0].named_url.clone().expect("there is a router")
    }

    /// Returns the path of the authority's certificate, once it is made.
    #[track_caller]
    pub(crate) fn root_certificate(&self) -> String {
        let root = self.sandbox.folder().join("home/state/wharf/authority/root.pem").display().to_string();
        until("the authority is made", || self.sh(&format!("test -f {root}")).code == Some(0));
        root
    }

    /// Returns the folder of the project.
    pub(crate) fn folder(&self) -> PathBuf {
        self.sandbox.folder().join("scratch/shop")
    }

    /// Puts a file into the project.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.folder().join(name);
        let folder = file.parent().expect("it is in the project").display().to_string();
        let _ = self.sh(&format!("mkdir -p -m 777 {folder}")).expect_code(0);
        std::fs::write(&file, text).expect("it is written");
    }
}

/// Makes the project, and a work tree of it.
const OPEN: &str = "set -e
mkdir -m 700 scratch/run
git init --quiet --initial-branch=main scratch/shop
cd scratch/shop
git -c user.name=x -c user.email=x@example.com commit --quiet --allow-empty --message=it
git worktree add --quiet -b feat/cart ../shop-cart
chmod 777 . ../shop-cart";

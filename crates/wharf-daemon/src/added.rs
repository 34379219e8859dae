//! The routes that were added by hand, and the file that keeps them beyond the daemon.
//!
//! The file has a line for each change, the last of which counts: a change costs what one costs, however many routes there
//! are. It is written anew when most of it is of the past. Not here: what becomes of a route ([`crate::doorway`]).

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wharf_model::route::Route;
use wharf_os::state;

/// The routes that were added.
#[derive(Debug, Default)]
pub(crate) struct Added {
    file: PathBuf,
    /// By host and path. An insertion moves eight bytes of each behind it, which costs less than any tree would.
    routes: Vec<Arc<Route>>,
    /// Lines of the file.
    lines: usize,
    /// Bytes of the file as it was written last; none if it is to be written anew.
    length: Option<u64>,
}

/// A line of the file, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Line<'a> {
    Put(&'a Route),
    Remove { host: &'a str, path: Option<&'a str> },
}

/// The same as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OwnLine {
    Put(Box<Route>),
    Remove { host: String, path: Option<String> },
}

impl Added {
    /// Returns those that `file` keeps; what is wrong with it is said in `warnings`, and what can be read of it is there.
    pub(crate) fn read(file: PathBuf, warnings: &mut Vec<String>) -> Self {
        let mut this = Self { file, ..Self::default() };
        if let Err(error) = this.read_lines() {
            warnings.push(format!("{}: {error}: some routes are left out", this.file.display()));
            // Whoever repairs it finds it as it was, next to the new one.
            let _ = std::fs::copy(&this.file, this.file.with_extension("broken"));
            this.length = None;
        }
        this
    }

    fn read_lines(&mut self) -> io::Result<()> {
        let mut reader = match File::open(&self.file) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let (mut line, mut length, mut is_bad) = (Vec::new(), 0, None);
        loop {
            line.clear();
            let count = reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                // Of a change that was never done with, or nothing.
                self.length = (count == 0).then_some(length);
                return is_bad.map_or(Ok(()), Err);
            }
            length += count as u64;
            self.lines += 1;
            match serde_json::from_slice(&line) {
                Ok(OwnLine::Put(route)) => self.insert(Arc::from(route)),
                Ok(OwnLine::Remove { host, path }) => {
                    if let Ok(at) = self.find(&host, path.as_deref()) {
                        self.routes.remove(at);
                    }
                }
                Err(error) => is_bad = Some(error.into()),
            }
        }
    }

    /// Returns them by host and path.
    pub(crate) fn all(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// Has only those that `is_wanted` has. The file is told when it is written anew.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(&Route) -> bool) {
        self.routes.retain(|route| is_wanted(route));
    }

    /// Adds a route, in the place of one for the same host and path. On an error nothing has changed.
    pub(crate) fn put(&mut self, route: Arc<Route>) -> io::Result<()> {
        let known = self.find(&route.host, route.path.as_deref()).ok().map(|at| Arc::clone(&self.routes[at]));
        self.insert(Arc::clone(&route));
        let outcome = self.keep(&[Line::Put(&route)]);
        if outcome.is_err() {
            match (known, self.find(&route.host, route.path.as_deref())) {
                (Some(known), _) => self.insert(known),
                (None, Ok(at)) => drop(self.routes.remove(at)),
                (None, Err(_)) => {}
            }
        }
        outcome
    }

    /// Removes those of a host: that of one path, or of all. Returns them; on an error nothing has changed.
    pub(crate) fn remove(&mut self, host: &str, path: Option<&str>) -> io::Result<Vec<Arc<Route>>> {
        let begin = self.routes.partition_point(|route| route.host.as_str() < host);
        let count = self.routes[begin..].iter().take_while(|route| route.host == host).count();
        let of_host = self.routes.splice(begin..begin + count, []).collect::<Vec<_>>();
        let (removed, kept): (Vec<_>, Vec<_>) =
            of_host.iter().cloned().partition(|route| path.is_none() || route.path.as_deref() == path);
        self.routes.splice(begin..begin, kept);
        if removed.is_empty() {
            return Ok(removed);
        }
        let lines: Vec<Line<'_>> =
            removed.iter().map(|it| Line::Remove { host, path: it.path.as_deref() }).collect();
        let outcome = self.keep(&lines);
        if let Err(error) = outcome {
            removed.into_iter().for_each(|route| self.insert(route));
            return Err(error);
        }
        Ok(removed)
    }

    fn insert(&mut self, route: Arc<Route>) {
        match self.find(&route.host, route.path.as_deref()) {
            Ok(at) => self.routes[at] = route,
            Err(at) => self.routes.insert(at, route),
        }
    }

    fn find(&self, host: &str, path: Option<&str>) -> Result<usize, usize> {
        let order = |route: &Arc<Route>| -> Ordering {
            (route.host.as_str(), route.path.as_deref()).cmp(&(host, path))
        };
        self.routes.binary_search_by(order)
    }

    /// Writes down `lines`, which are done already.
    fn keep(&mut self, lines: &[Line<'_>]) -> io::Result<()> {
        let is_mostly_past = self.lines + lines.len() > 2 * self.routes.len() + PAST;
        // For another file there may be no room where there is for a line.
        if is_mostly_past && self.write_anew().is_ok() {
            return Ok(());
        }
        if let Some(length) = self.length {
            let mut text = Vec::new();
            lines.iter().try_for_each(|line| write_line(&mut text, line))?;
            if state::append_private(&self.file, length, &text)? {
                self.lines += lines.len();
                self.length = Some(length + text.len() as u64);
                return Ok(());
            }
        }
        self.write_anew()
    }

    /// Writes what there is as it is serialised: the whole text is never in memory.
    fn write_anew(&mut self) -> io::Result<()> {
        let length = state::write_private_by(&self.file, |writer| {
            self.routes.iter().try_for_each(|route| write_line(writer, &Line::Put(route)))
        })?;
        (self.lines, self.length) = (self.routes.len(), Some(length));
        Ok(())
    }
}

fn write_line(mut writer: &mut dyn Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut writer, line)?;
    writer.write_all(b"\n")
}

/// Lines of the past that are not worth another file.
const PAST: usize = 64;

#[cfg(test)]
mod tests;

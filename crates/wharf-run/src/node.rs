//! Which commands may start Node: for these it is looked after what a cluster of it is told of its sockets.
//!
//! A guess by words: where it is wrong, it costs a Node cluster a hint, or another program some microseconds on each
//! getsockname(2). Not here: what is told (`wharf-os`).

use std::ffi::OsString;
use std::path::Path;

/// Returns whether `command`, started in `directory`, may come to start Node: it names Node or one of its tools, a script
/// for it, or the directory is in one of its packages.
#[must_use]
pub fn may_start_node(command: &[OsString], directory: &Path) -> bool {
    command.iter().any(|word| names_node(&word.to_string_lossy()))
        || directory.ancestors().any(|above| above.join("package.json").is_file())
}

/// Looks at each part of a word that a shell may take for a path.
fn names_node(word: &str) -> bool {
    let is_separator = |c: char| !(c.is_alphanumeric() || "._-".contains(c));
    word.split(is_separator).any(|part| {
        TOOLS.contains(&part) || part.rsplit_once('.').is_some_and(|(_, ending)| SCRIPTS.contains(&ending))
    })
}

/// Node, and what starts it.
const TOOLS: [&str; 13] = [
    "node",
    "nodejs",
    "npm",
    "npx",
    "pnpm",
    "pnpx",
    "yarn",
    "pm2",
    "pm2-runtime",
    "pm2-dev",
    "nodemon",
    "tsx",
    "ts-node",
];
/// Endings of scripts that may name it in their first line.
const SCRIPTS: [&str; 6] = ["js", "mjs", "cjs", "ts", "mts", "cts"];

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::may_start_node;

    #[test]
    fn node_is_found_in_words_and_in_folders() {
        let may = |words: &[&str]| {
            let command: Vec<OsString> = words.iter().map(OsString::from).collect();
            may_start_node(&command, Path::new("/proc"))
        };
        for command in [
            &["node", "server.js"][..],
            &["/opt/node/bin/npm", "start"],
            &["sh", "-c", "cd web && exec pm2-runtime start app.config"],
            &["./serve.mjs"],
            &["env", "A=1", "node"],
        ] {
            assert!(may(command), "{command:?}");
        }
        for command in [&["python3", "-m", "http.server"][..], &["./server"], &["nodes", "x.json", "js"]] {
            assert!(!may(command), "{command:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        let below = folder.path().join("web");
        std::fs::create_dir(&below).unwrap();
        assert!(may_start_node(&["make".into()], &below));
    }
}

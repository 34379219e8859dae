//! Command lines that have a text in them, proc_pid_cmdline(5). Not here: what the text means there.

use wharf_sys::linux::proc_dir::ProcDir;

/// A process and its command line; invalid UTF-8 replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// Process id.
    pub pid: u32,
    /// Arguments, the program's name first.
    pub words: Vec<String>,
}

/// Returns the visible processes but this one whose command line has `text` in it.
#[must_use]
pub fn with(text: &str) -> Vec<CommandLine> {
    let Ok(proc) = ProcDir::open() else { return Vec::new() };
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    for pid in proc.pids().unwrap_or_default() {
        let read = proc.process(pid).and_then(|process| process.read("cmdline", &mut buffer));
        let has = |bytes: &[u8]| bytes.windows(text.len().max(1)).any(|part| part == text.as_bytes());
        if read.is_err() || pid == std::process::id() || !has(&buffer) {
            continue;
        }
        let words = buffer.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let mut words: Vec<String> = words.collect();
        words.pop_if(|last| last.is_empty());
        found.push(CommandLine { pid, words });
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::with;

    #[test]
    fn a_command_line_is_found_by_a_part_of_it() {
        let mut sleeping = Command::new("sleep").arg("61.0625").stdin(Stdio::null()).spawn().unwrap();
        // Between fork and exec it has the words of this process.
        let begin = std::time::Instant::now();
        let mut found = with("61.062");
        while found.is_empty() && begin.elapsed().as_secs() < 30 {
            found = with("61.062");
        }
        sleeping.kill().unwrap();
        sleeping.wait().unwrap();
        let own = found.iter().find(|command| command.pid == sleeping.id()).expect("it is found");
        assert_eq!(own.words, ["sleep", "61.0625"]);
        assert!(with("no such words anywhere").is_empty());
    }
}

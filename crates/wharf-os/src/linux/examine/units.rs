//! Units of systemd, as systemctl(1) shows them: sockets by where they listen, and services that have failed or wait to be
//! started again. Asked only where systemd runs, sd_booted(3).
//!
//! Not here: which unit a running process belongs to (its control group tells).

use std::path::Path;
use std::time::Duration;

use super::tool::output_with;

/// A unit, and the properties that tell what became of it; systemd.socket(5), systemd.service(5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitSeen {
    /// `Id`: its name.
    pub id: String,
    /// Whether a user's manager has it.
    pub of_user: bool,
    /// `ActiveState`: active, activating, failed, inactive.
    pub active: String,
    /// `SubState`: listening, auto-restart, failed …
    pub sub: String,
    /// `Result`: success, exit-code, trigger-limit-hit, start-limit-hit …
    pub result: String,
    /// `Listen`: of a socket, each place with its type: `[::]:22 (Stream)`.
    pub listen: Vec<String>,
    /// `ExecStart`: of a service, as systemctl writes it.
    pub exec: String,
    /// `ExecMainStatus`: exit code of its last run.
    pub exit: Option<i32>,
    /// `NRestarts`: how often it was started again by itself.
    pub restarts: u32,
}

/// Returns the socket units, and the services that have failed or are about to be started again; of the system's manager,
/// and of this user's. Nothing where systemd does not run.
#[must_use]
pub fn seen() -> Vec<UnitSeen> {
    if !Path::new("/run/systemd/system").is_dir() {
        return Vec::new();
    }
    let mut units = Vec::new();
    for of_user in [false, true] {
        units.extend(shown(of_user, &["*.socket"]));
        units.extend(shown(of_user, &["--state=failed,auto-restart", "*.service"]));
    }
    units
}

fn shown(of_user: bool, which: &[&str]) -> Vec<UnitSeen> {
    let mut arguments = vec!["--no-pager", "--property", PROPERTIES, "show"];
    arguments.extend(which);
    if of_user {
        arguments.insert(0, "--user");
    }
    // That is where a user's manager is found.
    let variable = of_user.then_some("XDG_RUNTIME_DIR");
    let text = output_with("systemctl", &arguments, variable, PATIENCE).unwrap_or_default();
    parse(&text, of_user)
}

/// Reads blocks of `KEY=VALUE`, with a blank line between two units.
fn parse(text: &str, of_user: bool) -> Vec<UnitSeen> {
    let mut units = Vec::new();
    for block in text.split("\n\n") {
        let mut unit = UnitSeen { of_user, ..UnitSeen::default() };
        for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
            let value = value.to_owned();
            match key {
                "Id" => unit.id = value,
                "ActiveState" => unit.active = value,
                "SubState" => unit.sub = value,
                "Result" => unit.result = value,
                "Listen" => unit.listen.push(value),
                "ExecStart" => unit.exec = value,
                "ExecMainStatus" => unit.exit = value.parse().ok(),
                "NRestarts" => unit.restarts = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        if !unit.id.is_empty() {
            units.push(unit);
        }
    }
    units
}

/// A manager that is stuck does not hold up the rest.
const PATIENCE: Duration = Duration::from_millis(300);

const PROPERTIES: &str = "Id,ActiveState,SubState,Result,Listen,ExecStart,ExecMainStatus,NRestarts";

#[cfg(test)]
mod tests {
    use super::{UnitSeen, parse};

    #[test]
    fn units_are_read_block_by_block() {
        let text = "Result=trigger-limit-hit\nListen=127.0.0.1:3000 (Stream)\nListen=[::1]:3000 (Stream)\nId=app.socket\n\
                    ActiveState=failed\nSubState=failed\n\nId=app.service\nExecMainStatus=3\nNRestarts=7\nActiveState=activating\n\
                    SubState=auto-restart\nResult=exit-code\n";
        let units = parse(text, true);
        assert_eq!(units.len(), 2);
        assert_eq!(
            (units[0].id.as_str(), units[0].listen.len(), units[0].result.as_str()),
            ("app.socket", 2, "trigger-limit-hit")
        );
        assert_eq!((units[1].exit, units[1].restarts, units[1].of_user), (Some(3), 7, true));
        assert_eq!(parse("", false), Vec::<UnitSeen>::new());
    }
}

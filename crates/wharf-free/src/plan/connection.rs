//! A connection that has the port without a server: it alone is closed.

use wharf_model::connection::Connection;
use wharf_model::free::StepKind;
use wharf_model::shell::quoted;

use super::{Decision, Order, refuse_with, step};
use crate::facts::Facts;

/// Decides on a connection.
pub(super) fn decide(connection: &Connection, facts: &Facts) -> Decision {
    let (local, remote) = (connection.local, connection.remote);
    let by = match &connection.process {
        Some(process) => format!("{} (pid {})", process.name, process.pid),
        None => format!("the kernel, for user {}", connection.uid),
    };
    if !facts.caller.is_root() {
        let text = format!(
            "a connection of {by} from {local} to {remote} has the port, until {by} ends it; to close it alone takes root"
        );
        return Decision::Refuse(refuse_with(
            "connection",
            text,
            format!("sudo wharf free {}", quoted(&facts.target)),
        ));
    }
    let mut step =
        step(StepKind::CloseConnection, format!("close the connection of {by} from {local} to {remote}"));
    step.why = Some(format!("it has the port; {by} itself goes on"));
    step.command = facts.port.map(|port| format!("wharf why --bind {port}"));
    Decision::Do(Order::Close { local, remote }, Box::new(step))
}

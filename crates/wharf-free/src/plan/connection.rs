//! A connection that has the port without a server: it alone is closed.

use wharf_model::connection::Connection;
use wharf_model::free::StepKind;
use wharf_model::shell::quoted;
use wharf_os::reserved;

use super::{Decision, Order, refuse_with, step};
use crate::facts::Facts;

/// Decides on a connection.
pub(super) fn decide(connection: &Connection, facts: &Facts) -> Decision {
    let (local, remote) = (connection.local, connection.remote);
    let (by, until) = match &connection.process {
        Some(process) => {
            let by = format!("{} (pid {})", process.name, process.pid);
            (by.clone(), format!("until {by} ends it"))
        }
        None => {
            let by = format!("a process of user {} that has ended", connection.uid);
            (
                by,
                "for about a minute at most, until the kernel gives it up (net.ipv4.tcp_fin_timeout)"
                    .to_owned(),
            )
        }
    };
    if !facts.caller.is_root() {
        let text = format!(
            "a connection of {by} from {local} to {remote} has the port, {until}; to close it alone takes root"
        );
        return Decision::Refuse(refuse_with(
            "connection",
            text,
            format!("sudo wharf free {}", quoted(&facts.target)),
        ));
    }
    let mut step =
        step(StepKind::CloseConnection, format!("close the connection of {by} from {local} to {remote}"));
    step.why = connection.process.as_ref().map(|_| format!("it has the port; {by} itself goes on"));
    step.command = Some(reserved::command(&facts.reserved, local.port()));
    Decision::Do(Order::Close { local, remote }, Box::new(step))
}

//! What the Erlang virtual machine was told to run.

use wharf_model::place::KnownBy;

use crate::service::Verdict;
use crate::service::command::Command;

/// Sees through `beam.smp`.
pub(super) fn identify(command: &Command<'_>) -> Option<Verdict> {
    let starts = |module: &str| command.arguments.windows(2).any(|pair| pair == ["-s", module]);
    let node = ["-sname", "-name"].into_iter().find_map(|option| command.option(option)).unwrap_or_default();
    let node = node.split('@').next().unwrap_or_default();
    let id = if starts("rabbit") || command.has("-rabbit") || command.has("-rabbitmq_prelaunch") {
        "rabbitmq"
    } else if node == "emqx" || command.has("-emqx_data_dir") {
        "emqx"
    } else if node == "couchdb" || command.has("-couch_ini") {
        "couchdb"
    } else if starts("ejabberd") {
        "ejabberd"
    } else if node == "VerneMQ" {
        "vernemq"
    } else if command.has("phx.server") {
        "phoenix"
    } else if node == "livebook" {
        "livebook"
    } else if command.has("-extra") && command.arguments.windows(2).any(|pair| pair == ["-user", "elixir"]) {
        "elixir"
    } else {
        return None;
    };
    Verdict::by_id(id, KnownBy::CommandLine)
}

//! Who is to reach the target, and where wharf has to stand to see it so. Not here: what keeps them from it.

use std::collections::BTreeMap;
use std::io;

use wharf_model::snapshot::Warning;
use wharf_os::account;
use wharf_os::examine::client::{ClientProcess, is_apart, may_trace, process};
use wharf_os::examine::firewall;
use wharf_os::examine::programs::{self, Attach};
use wharf_os::examine::stand::in_network_of;

use super::Context;
use crate::facts::Facts;
use crate::question::{Question, View};

/// Runs `gather` where the client is: in the network namespace of its process.
pub(super) fn in_place(question: &Question, gather: impl FnOnce(Option<String>) -> Facts + Send) -> Facts {
    let View::Process(pid) = question.view else { return gather(None) };
    let mut gather = Some(gather);
    let seen = in_network_of(pid, || match gather.take() {
        Some(gather) => Ok(gather(None)),
        None => Err(io::ErrorKind::Other.into()),
    });
    match (seen, gather.take()) {
        (Ok(facts), _) => facts,
        (Err(error), Some(gather)) => {
            let why = match error.kind() {
                io::ErrorKind::NotFound => format!("there is no process {pid}"),
                _ => format!("the network namespace of process {pid} cannot be entered: {error}"),
            };
            gather(Some(why))
        }
        (Err(_), None) => Facts::new(question.aim.clone()),
    }
}

/// Looks at the client.
pub(super) fn look(facts: &mut Facts, context: &mut Context<'_>) {
    facts.client.uid = context.os.host.own_uid();
    facts.client.privileged = may_trace();
    facts.client.unseen.clone_from(&context.unseen);
    match context.question.view {
        View::Own => {
            facts.client.environment = deciding(
                std::env::vars_os()
                    .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
            );
        }
        View::Process(pid) => of_process(facts, pid),
        View::User(uid) => of_user(facts, uid),
    }
    facts.client.is_apart = is_apart();
    if let Some(unseen) = &facts.client.unseen {
        facts.warnings.push(Warning { code: "client-unseen".to_owned(), text: unseen.clone() });
    }
}

fn of_process(facts: &mut Facts, pid: u32) {
    facts.client.pid = Some(pid);
    let own_uid = facts.client.uid;
    let Ok(found) = process(pid) else {
        facts.client.unseen.get_or_insert_with(|| format!("there is no process {pid}"));
        return;
    };
    let ClientProcess { name, uid, gid, environment, open_files, files_limit, filters, cgroup, root, .. } =
        found;
    facts.client.name = Some(name);
    facts.client.uid = uid;
    facts.client.root = Some(root);
    facts.client.files = open_files.zip(files_limit);
    facts.client.filters = filters;
    facts.client.cgroup = cgroup;
    match environment {
        Some(environment) => facts.client.environment = deciding(environment.into_iter()),
        None => {
            let why = format!("the environment of process {pid} may not be read");
            facts.client.unseen.get_or_insert(why);
        }
    }
    stand_as(facts, own_uid, uid, gid);
    stand_in_group(facts);
}

/// Has sockets made in the client's control group, where that makes a difference: it is not entered for nothing.
fn stand_in_group(facts: &mut Facts) {
    let Some(group) = facts.client.cgroup.clone().filter(|_| facts.client.privileged) else { return };
    if programs::cgroup_of(std::process::id()).as_ref() == Some(&group) {
        return;
    }
    let places = [
        Attach::CgroupConnect4,
        Attach::CgroupConnect6,
        Attach::CgroupSocketCreate,
        Attach::CgroupEgress,
        Attach::CgroupIngress,
    ];
    let has_programs = programs::of_group(&group, &places).is_some_and(|programs| !programs.is_empty());
    if has_programs || firewall::knows_groups() {
        facts.client.stand.cgroup = Some(group);
        if let Err(error) = facts.client.stand.try_it() {
            facts.client.stand.cgroup = None;
            let why = format!("the control group of the client cannot be entered: {error}");
            facts.client.unseen.get_or_insert(why);
        }
    }
}

fn of_user(facts: &mut Facts, uid: u32) {
    let own_uid = facts.client.uid;
    facts.client.uid = uid;
    let gid = account::of(&uid.to_string()).map_or(uid, |account| account.gid);
    stand_as(facts, own_uid, uid, gid);
}

fn stand_as(facts: &mut Facts, own_uid: u32, uid: u32, gid: u32) {
    if uid == own_uid {
        return;
    }
    if own_uid == 0 {
        facts.client.stand.user = Some((uid, gid));
    } else {
        facts.client.unseen.get_or_insert_with(|| format!("to connect as user {uid} takes root"));
    }
}

/// Returns the variables that decide where connections go, or whom they trust.
fn deciding(variables: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let decides = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.ends_with("_proxy") || DECIDING.contains(&name.as_str())
    };
    variables.filter(|(name, _)| decides(name)).collect()
}

const DECIDING: [&str; 8] = [
    "res_options",
    "localdomain",
    "hostaliases",
    "ssl_cert_file",
    "ssl_cert_dir",
    "node_extra_ca_certs",
    "requests_ca_bundle",
    "curl_ca_bundle",
];

#[cfg(test)]
mod tests {
    use super::deciding;

    #[test]
    fn only_what_decides_is_kept() {
        let told = [("HTTP_PROXY", "a"), ("no_proxy", "b"), ("PASSWORD", "c"), ("SSL_CERT_FILE", "d")];
        let kept = deciding(told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["HTTP_PROXY", "SSL_CERT_FILE", "no_proxy"]);
    }
}

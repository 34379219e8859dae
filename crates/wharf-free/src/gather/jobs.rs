//! One address that several jobs share (SO_REUSEPORT) has a holder for each of them, so that each is stopped at its own level.
//!
//! Not here: which process leads those of one job, which the order of an owner's processes tells.

use wharf_catalog::ancestry::{Role, role, started_by};
use wharf_catalog::cgroup::unit_of;
use wharf_catalog::detail::ancestors;
use wharf_model::detail::EndpointDetail;
use wharf_model::process::Process;
use wharf_os::Os;

use crate::job::job;

/// Returns `holder` once for each job that has it; `callers` are the caller's own line.
pub(super) fn split(os: &Os, holder: EndpointDetail, callers: &[u32]) -> Vec<EndpointDetail> {
    let processes = &holder.endpoint.owner.processes;
    // The first of them leads, and its ancestors are known.
    let mut groups: Vec<(u32, Vec<Process>, Vec<Process>)> = Vec::new();
    for process in processes {
        let line = match groups.is_empty() {
            true => holder.ancestry.clone(),
            false => ancestors(os, process.ppid, process.start_ticks),
        };
        let top = job(process, &line, callers).line.last().map_or(process.pid, |top| top.pid);
        let is_one = |group: &&mut (u32, Vec<Process>, Vec<Process>)| {
            let descends = line.iter().any(|above| group.1.iter().any(|known| known.pid == above.pid));
            // A manager keeps the socket for the other.
            group.0 == top || descends || role(process) == Role::Manager
        };
        match groups.iter_mut().find(is_one) {
            Some((_, members, _)) => members.push(process.clone()),
            None => groups.push((top, vec![process.clone()], line)),
        }
    }
    if groups.len() < 2 {
        return vec![holder];
    }
    let each = groups.into_iter().enumerate().map(|(at, (_, members, line))| {
        let mut one = holder.clone();
        if at > 0 {
            one.started_by = members.first().and_then(|lead| started_by(lead, &line));
            one.endpoint.unit = members.first().and_then(|lead| unit_of(lead.cgroup.as_deref()?));
        }
        one.endpoint.owner.processes = members;
        one.ancestry = line;
        one
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use wharf_os::fake::{World, process as facts_of};

    use super::split;
    use crate::testing::{holder, process, started};

    #[test]
    fn jobs_of_their_own_are_apart_and_workers_are_not() {
        let mut world = World::default();
        for (pid, parent, name) in [(40, 1, "bash"), (90, 40, "launcher"), (41, 1, "zsh"), (100, 41, "node")]
        {
            world.processes.push(facts_of(pid, parent, name));
        }
        let os = world.os();
        let mut shared = holder(started(100, 41, "node server.js"), vec![process(41, 1, "zsh")]);
        let owner = &mut shared.endpoint.owner.processes;
        owner.push(started(101, 100, "node worker.js"));
        owner.push(started(200, 90, "python3 app.py"));
        owner.push(started(201, 90, "python3 app.py"));
        let pids = |one: &wharf_model::detail::EndpointDetail| -> Vec<u32> {
            one.endpoint.owner.processes.iter().map(|process| process.pid).collect()
        };
        let apart = split(&os, shared, &[]);
        assert_eq!(apart.iter().map(pids).collect::<Vec<_>>(), [vec![100, 101], vec![200, 201]]);
        assert_eq!(apart[1].ancestry[0].pid, 90);
    }

    #[test]
    fn a_manager_that_keeps_the_socket_is_no_job_of_its_own() {
        let mut held = holder(started(100, 1, "nginx: master process nginx"), vec![process(1, 0, "systemd")]);
        held.endpoint.owner.processes.push(process(1, 0, "systemd"));
        assert_eq!(split(&World::default().os(), held, &[]).len(), 1);
    }
}

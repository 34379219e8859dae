//! What an endpoint belongs to: container, unit, project; and what speaks there.

use std::collections::HashMap;
use std::net::IpAddr;

use wharf_model::endpoint::Endpoint;
use wharf_model::owner::HeldBy;
use wharf_model::place::Container;
use wharf_model::process::Process;
use wharf_model::snapshot::Warning;
use wharf_os::Os;
use wharf_os::facts::{ContainerFacts, Namespace};

use crate::cgroup;
use crate::container::{DockerProxy, match_published, parse_docker_proxy, parse_pasta, with_id};
use crate::project::Projects;
use crate::service::{Evidence, identify};

/// Finds the places of endpoints, asking each thing once.
pub(crate) struct Places<'a> {
    os: &'a Os,
    namespaces: &'a [Namespace],
    denied: &'a [u32],
    projects: Projects,
    engines: Option<Vec<ContainerFacts>>,
    proxies: Option<Vec<DockerProxy>>,
    by_address: Option<HashMap<IpAddr, usize>>,
    engine_warnings: Vec<Warning>,
    pub(crate) warnings: Vec<Warning>,
}

impl<'a> Places<'a> {
    /// `denied` are the processes whose descriptors may not be read: their command lines may.
    pub(crate) fn new(
        os: &'a Os,
        namespaces: &'a [Namespace],
        denied: &'a [u32],
        home: Option<&str>,
    ) -> Self {
        let projects = match home {
            Some(home) => Projects::new().with_home(home),
            None => Projects::new(),
        };
        Self {
            os,
            namespaces,
            denied,
            projects,
            engines: None,
            proxies: None,
            by_address: None,
            engine_warnings: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Fills in container, unit, project and service.
    pub(crate) fn fill(&mut self, endpoint: &mut Endpoint) {
        let path = match endpoint.owner.lead() {
            Some(lead) => lead.cgroup.clone(),
            None => endpoint.owner.cgroup.clone(),
        };
        let inside = path.as_deref().and_then(cgroup::container_of);
        endpoint.unit = path.as_deref().and_then(cgroup::unit_of);
        endpoint.container = match inside {
            Some(known) => Some(self.described(known)),
            None => self.published(endpoint),
        };
        if endpoint.container.is_none() {
            endpoint.project = endpoint.owner.processes.iter().find_map(|process| self.project(process));
        }
        endpoint.service = identify(&Evidence {
            process: endpoint.owner.lead(),
            container: endpoint.container.as_ref(),
            protocol: endpoint.protocol,
            port: endpoint.port,
        });
    }

    /// A container's paths are its own, so its processes are not asked; but what a proxy outside publishes is
    /// no project of the proxy's working directory either.
    fn project(&mut self, process: &Process) -> Option<wharf_model::place::Project> {
        self.projects.find(&*self.os.files, process.cwd.as_deref()?)
    }

    /// Adds name and image, where an engine tells them.
    fn described(&mut self, known: Container) -> Container {
        let port = known.port;
        let described = with_id(self.engines(), &known.id);
        self.warn_of_engines();
        match described {
            Some(described) => Container { port, ..described },
            None => known,
        }
    }

    /// Returns the container that this endpoint is a published port of.
    fn published(&mut self, endpoint: &Endpoint) -> Option<Container> {
        let Some(lead) = endpoint.owner.lead() else { return self.published_unseen(endpoint) };
        let proxy = proxies_of(&lead.command).into_iter().find(|proxy| publishes(proxy, endpoint));
        if proxy.is_none() && !FORWARDERS.contains(&lead.name.as_str()) {
            return None;
        }
        let container_ip = proxy.as_ref().and_then(|proxy| proxy.container_ip);
        let told = self.told_by_engine(endpoint, container_ip);
        self.warn_of_engines();
        told.or_else(|| self.by_namespace(&proxy?))
    }

    /// The same for an endpoint whose process is hidden. Any such endpoint may be a published port, so that an
    /// engine which does not answer is worth a word only once a proxy for it is seen.
    fn published_unseen(&mut self, endpoint: &Endpoint) -> Option<Container> {
        if endpoint.owner.held_by != HeldBy::Hidden {
            return None;
        }
        let told = self.told_by_engine(endpoint, None);
        if told.is_some() || self.engine_warnings.is_empty() {
            return told;
        }
        let proxy = self.hidden_proxy(endpoint)?;
        self.warn_of_engines();
        self.by_namespace(&proxy)
    }

    fn told_by_engine(&mut self, endpoint: &Endpoint, container_ip: Option<IpAddr>) -> Option<Container> {
        // Engines publish all addresses as an absent one.
        let host_ip = endpoint.addresses.first().copied().filter(|address| !address.is_unspecified());
        match_published(self.engines(), endpoint.protocol, host_ip, endpoint.port, container_ip)
    }

    /// Finds the proxy of a hidden endpoint by its command line, which says what it publishes.
    fn hidden_proxy(&mut self, endpoint: &Endpoint) -> Option<DockerProxy> {
        let (os, denied) = (self.os, self.denied);
        let proxies = self.proxies.get_or_insert_with(|| {
            let processes = os.processes.read(denied);
            processes.iter().flat_map(|process| proxies_of(&process.command)).collect()
        });
        proxies.iter().find(|proxy| publishes(proxy, endpoint)).cloned()
    }

    /// Without the engine's API: the namespace that has the container's address, and the control group of a
    /// process in it.
    fn by_namespace(&mut self, proxy: &DockerProxy) -> Option<Container> {
        let (os, namespaces) = (self.os, self.namespaces);
        let by_address = self.by_address.get_or_insert_with(|| {
            let addresses = |(index, namespace): (usize, &Namespace)| {
                let addresses = os.host.addresses_in(namespace).into_iter();
                addresses.filter(|address| !address.is_loopback()).map(move |address| (address, index))
            };
            namespaces.iter().enumerate().flat_map(addresses).collect()
        });
        let namespace = &namespaces[*by_address.get(&proxy.container_ip?)?];
        let processes = os.processes.read(&namespace.pids);
        let found = processes.iter().find_map(|process| cgroup::container_of(process.cgroup.as_deref()?))?;
        Some(Container { port: Some(proxy.container_port), ..found })
    }

    fn warn_of_engines(&mut self) {
        self.warnings.append(&mut self.engine_warnings);
    }

    fn engines(&mut self) -> &[ContainerFacts] {
        if self.engines.is_none() {
            let listed = self.os.containers.list();
            self.engine_warnings = listed.warnings;
            self.engines = Some(listed.value);
        }
        self.engines.as_deref().unwrap_or_default()
    }
}

/// Returns what a process publishes by its command line.
fn proxies_of(command: &[String]) -> Vec<DockerProxy> {
    match parse_docker_proxy(command) {
        Some(proxy) => vec![proxy],
        None => parse_pasta(command),
    }
}

fn publishes(proxy: &DockerProxy, endpoint: &Endpoint) -> bool {
    let on_address = match proxy.host_ip {
        Some(ip) => endpoint.addresses.contains(&ip),
        None => endpoint.addresses.iter().any(IpAddr::is_unspecified),
    };
    proxy.protocol == endpoint.protocol && proxy.host_port == endpoint.port && on_address
}

/// Processes that hold published ports for a container and do not tell which on their command line.
const FORWARDERS: [&str; 7] =
    ["docker-proxy", "rootlessport", "rootlesskit", "slirp4netns", "conmon", "pasta", "pasta.avx2"];

#[cfg(test)]
mod tests;

//! What a person asks of a survey: filters, what to include, the order, how far to search.

use std::num::NonZeroU16;

use wharf_model::connection::TcpState;
use wharf_model::endpoint::Protocol;
use wharf_model::filter::Filter;
use wharf_model::run::Run;
use wharf_os::facts::{Effort, SocketQuery};

use crate::order::SortKey;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Alternatives: an endpoint is shown if one of them matches; all if there are none.
    pub filters: Vec<Filter>,
    /// Also connections, with the processes that hold them.
    pub connections: bool,
    /// Also sockets that are bound and do not listen.
    pub bound: bool,
    /// Only endpoints of wharf's own user.
    pub mine: bool,
    /// Only endpoints that are not loopback only.
    pub exposed: bool,
    /// Only endpoints of some project.
    pub in_project: bool,
    /// Only endpoints of this project.
    pub project: Option<Filter>,
    /// Order of the endpoints.
    pub sort: SortKey,
    /// Only wharf's own network namespace.
    pub own_namespace: bool,
    /// How far holders are searched.
    pub effort: Effort,
    /// Who asks.
    pub asker: Asker,
}

/// Who asks, as far as it matters to the answer.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// Home directory, which is no project.
    pub home: Option<String>,
    /// Programs that they run under wharf.
    pub runs: Vec<Run>,
}

impl Request {
    /// What a request asks the kernel for.
    pub(crate) fn query(&self) -> SocketQuery {
        let mut states = vec![TcpState::Listen, TcpState::Closed];
        if self.bound {
            states.push(TcpState::Bound);
        }
        // One port is a question the kernel narrows by itself.
        let local_port = match self.filters.as_slice() {
            [filter] => filter.port().map(NonZeroU16::get),
            _ => None,
        };
        SocketQuery { protocols: vec![Protocol::Tcp, Protocol::Udp], states, local_port, remote_port: None }
    }
}

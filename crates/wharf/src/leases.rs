//! Who asks for a lease, and where leases are: what the commands that deal with them share.

use std::env;

use wharf_catalog::project::Projects;
use wharf_lease::name;
use wharf_lease::store::{Claim, Store, StoreError};
use wharf_model::lease::Lease;
use wharf_os::{Os, state};

use crate::failure::Failure;
use crate::terminal;

/// Returns the claim of the service called `name`, or of the one that lives in this directory.
pub(crate) fn claim(os: &Os, name: Option<&str>) -> Result<Claim, Failure> {
    let directory = env::current_dir()
        .map_err(|error| Failure::Other(format!("there is no directory to name the service by: {error}")))?;
    let directory = directory.to_string_lossy();
    let mut projects = Projects::new();
    if let Some(home) = terminal::home() {
        projects = projects.with_home(home);
    }
    let project = projects.find(&*os.files, &directory);
    let root = name::root(project.as_ref(), &directory).to_owned();
    Ok(Claim { name: name::of(name, project.as_ref(), &directory), root, asked_port: None })
}

/// Opens the leases of this user.
pub(crate) fn store() -> Result<Store, Failure> {
    let failed = |error| Failure::Other(format!("the state directory: {error}"));
    let file = state::directory().map_err(failed)?.join("wharf.db");
    state::private_file(&file).map_err(failed)?;
    Ok(Store::open(&file)?)
}

/// Returns all leases of this user, and makes nothing where there has never been one.
pub(crate) fn known_leases() -> Result<Vec<Lease>, StoreError> {
    match state::existing("wharf.db") {
        Some(file) => Store::open(&file)?.all(),
        None => Ok(Vec::new()),
    }
}

/// Returns the lease whose whole name is `name`: the one that its program is told.
pub(crate) fn whole_name(store: &Store, name: &str) -> Result<Option<Lease>, Failure> {
    let mut leases = store.all()?.into_iter().filter(|lease| lease.asked_port.is_none());
    Ok(leases.find(|lease| name.contains('.') && lease.name.to_string() == name))
}

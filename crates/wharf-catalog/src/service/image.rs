//! What a container image tells: its repository's name, and the version in its tag.
//!
//! Not here: asking an engine for the image (`wharf-os`).

use wharf_model::place::{Container, KnownBy};

use super::table::{self, Kind};
use super::{Verdict, version};

/// Returns the service that the image of `container` is known for.
pub(super) fn identify(container: &Container) -> Option<Verdict> {
    let (repository, tag) = parse(container.image.as_deref()?);
    let known = table::find(Kind::Image, last_two(repository))
        .or_else(|| table::find(Kind::Image, repository.rsplit('/').next()?))?;
    // `16.2-alpine3.19` is version 16.2 of PostgreSQL; what follows names the system around it.
    let number = tag.and_then(|tag| tag.split('-').next()).and_then(version);
    Some(Verdict::new(known, KnownBy::Image).with_version(number))
}

/// Splits `registry:5000/a/b:tag@digest` into repository and tag.
fn parse(image: &str) -> (&str, Option<&str>) {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        // A colon before the last slash belongs to the registry's port.
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (image, None),
    }
}

fn last_two(repository: &str) -> &str {
    match repository.rmatch_indices('/').nth(1) {
        Some((at, _)) => &repository[at + 1..],
        None => repository,
    }
}

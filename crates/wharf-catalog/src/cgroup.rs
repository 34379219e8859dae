//! What the path of a control group tells: the container and the systemd unit that a process runs in.
//!
//! A path is known without root, and for sockets even where the process is not (`INET_DIAG_CGROUP_ID`),
//! so this is the last word on an owner that may not be looked into. Not here: reading the path
//! (`wharf-os`), and names and images of containers, which only an engine's API tells ([`crate::container`]).

use wharf_model::place::{Container, Unit};

/// Returns the container that a control group belongs to; the innermost, where containers nest.
///
/// Source: the cgroup drivers of runc, crun, conmon and containerd-cri (`cgroupfs` and `systemd`), lxc's
/// `lxc.payload`, and systemd-machined's scopes.
#[must_use]
pub fn container_of(cgroup_path: &str) -> Option<Container> {
    innermost(&segments(cgroup_path)).map(|(_, container)| container)
}

/// Returns the systemd unit that a control group belongs to: the one inside the innermost container, if
/// there is a container, for its own scope says no more than the container does.
///
/// A service or scope of a user's manager comes with that user's id; the manager itself is the unit
/// `user@UID.service`. Slices and `init.scope` are no unit that anybody started.
///
/// Source: systemd's own reading, sd_pid_get_unit(3) and sd_pid_get_user_unit(3): the first path element
/// after the slices.
#[must_use]
pub fn unit_of(cgroup_path: &str) -> Option<Unit> {
    let segments = segments(cgroup_path);
    let inside = match innermost(&segments) {
        Some((at, _)) => match segments.get(at + 1..)? {
            // What some engines put between their own group and that of the container's init.
            [between, rest @ ..] if ["ns", "payload", "container"].contains(between) => rest,
            rest => rest,
        },
        None => &segments,
    };
    let (outer, rest) = first_unit(inside)?;
    let manager = outer.strip_prefix("user@").and_then(|name| name.strip_suffix(".service"));
    let Some(uid) = manager.and_then(|uid| uid.parse().ok()) else {
        return (outer != "init.scope").then(|| Unit { name: outer.to_owned(), user_manager: None });
    };
    match first_unit(rest) {
        Some((name, _)) if name != "init.scope" => {
            Some(Unit { name: name.to_owned(), user_manager: Some(uid) })
        }
        _ => Some(Unit { name: outer.to_owned(), user_manager: None }),
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty() && *segment != "..").collect()
}

/// Returns the first element that is a unit and no slice, and what follows it.
fn first_unit<'a, 's>(segments: &'s [&'a str]) -> Option<(&'a str, &'s [&'a str])> {
    let at = segments.iter().position(|segment| !is_slice(segment))?;
    // A name that the kernel would read as its own file (`cpu.service`) has an underscore before it.
    let name = segments[at].strip_prefix('_').unwrap_or(segments[at]);
    is_unit(name).then(|| (name, &segments[at + 1..]))
}

fn is_slice(segment: &str) -> bool {
    segment.strip_suffix(".slice").is_some_and(|name| !name.is_empty() && name.chars().all(is_unit_char))
}

fn is_unit(name: &str) -> bool {
    let Some((stem, kind)) = name.rsplit_once('.') else { return false };
    name.len() <= UNIT_NAME_LIMIT
        && UNIT_KINDS.contains(&kind)
        && !stem.is_empty()
        && stem.chars().all(is_unit_char)
}

fn is_unit_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ":-_.\\@".contains(letter)
}

/// Returns the innermost container and the index of the path element that names it.
fn innermost(segments: &[&str]) -> Option<(usize, Container)> {
    (0..segments.len()).rev().find_map(|at| {
        let parent = at.checked_sub(1).map_or("", |before| segments[before]);
        named_by(segments[at], parent, &segments[..at]).map(|container| (at, container))
    })
}

/// Returns the container that one path element names, given those above it.
fn named_by(segment: &str, parent: &str, above: &[&str]) -> Option<Container> {
    let scope = segment.strip_suffix(".scope");
    let name = scope.unwrap_or(segment);
    for (prefix, engine) in ID_PREFIXES {
        if let Some(id) = name.strip_prefix(prefix).filter(|id| is_id(id)) {
            return container(engine, id);
        }
    }
    // containerd given a systemd path by a kubelet that uses cgroupfs: `kubepods-….slice:cri-containerd:ID`.
    if let Some((_, id)) = segment.rsplit_once(":cri-containerd:").filter(|(_, id)| is_id(id)) {
        return container("containerd", id);
    }
    if parent == "buildkit" && is_build_step(segment) {
        return container("docker", segment);
    }
    if is_full_id(segment) {
        return container(engine_above(above), segment);
    }
    lxc(segment, parent).or_else(|| machine(segment))
}

/// Returns the engine that names its groups by nothing but the id: containerd for a pod and for its own
/// namespaces, else Docker, whatever parent it was given (`--cgroup-parent`).
fn engine_above(above: &[&str]) -> &'static str {
    let containerd = |segment: &&str| {
        segment.starts_with("kubepods")
            || segment.contains(":cri-containerd:")
            || ["default", "k8s.io", "nerdctl", "moby"].contains(segment)
    };
    if above.iter().any(containerd) { "containerd" } else { "docker" }
}

fn lxc(segment: &str, parent: &str) -> Option<Container> {
    let name = match segment.strip_prefix("lxc.payload.") {
        Some(name) => name,
        None if ["lxc", "lxc.payload"].contains(&parent) => segment,
        None => return None,
    };
    is_machine_name(name).then(|| container("lxc", name))?
}

/// Returns the container of systemd-nspawn that a scope of systemd-machined or the nspawn template names.
fn machine(segment: &str) -> Option<Container> {
    let escaped = match segment.strip_prefix("machine-") {
        Some(scope) => scope.strip_suffix(".scope")?,
        None => segment.strip_prefix("systemd-nspawn@")?.strip_suffix(".service")?,
    };
    let name = unescape(escaped)?;
    // libvirt registers its virtual machines with the same daemon: `qemu-1-vm`, `lxc-4242-name`.
    let numbered = |kind: &str| {
        let after = name.strip_prefix(kind).and_then(|rest| rest.split('-').next());
        after.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if numbered("qemu-") || numbered("lxc-") || !is_machine_name(&name) {
        return None;
    }
    container("systemd-nspawn", &name)
}

/// Undoes systemd's escaping of a unit's name: `\x2d` is a hyphen. `None` if it is no UTF-8 then.
fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let coded = after.strip_prefix(b"x").and_then(|hex| hex.get(..2));
        let byte = coded.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, byte) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn container(engine: &str, id: &str) -> Option<Container> {
    Some(Container {
        engine: engine.to_owned(),
        id: id.to_owned(),
        name: None,
        image: None,
        port: None,
        compose_project: None,
        compose_service: None,
    })
}

fn is_full_id(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

/// Returns whether `text` may be the id in a prefixed name: 12 hex digits at least, for some tools shorten it.
fn is_id(text: &str) -> bool {
    (12..=64).contains(&text.len()) && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether `text` is an id of BuildKit: 25 digits in base 36.
fn is_build_step(text: &str) -> bool {
    (20..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

fn is_machine_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.chars().all(|letter| letter.is_alphanumeric() || "-_.:".contains(letter))
        && !name.starts_with('.')
}

/// What engines write before the id. Groups of their monitors (`libpod-conmon-…`, `crio-conmon-…`) fall out,
/// because what follows the prefix there is no id: the monitor is not in the container.
const ID_PREFIXES: &[(&str, &str)] = &[
    ("docker-", "docker"),
    ("libpod-payload-", "podman"),
    ("libpod-", "podman"),
    ("cri-containerd-", "containerd"),
    ("nerdctl-", "containerd"),
    ("crio-", "cri-o"),
];

const UNIT_KINDS: [&str; 5] = ["service", "scope", "socket", "mount", "swap"];

/// Longest name of a unit (`UNIT_NAME_MAX` of systemd), bytes.
const UNIT_NAME_LIMIT: usize = 256;

#[cfg(test)]
mod tests;

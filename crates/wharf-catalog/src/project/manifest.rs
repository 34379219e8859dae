//! Manifests of languages and build tools: the name that a package gives itself.
//!
//! Only files of fixed names are read, each whole and of at most 1 MiB; one that cannot be parsed gives no
//! name. XML, Gradle and Elixir are read just far enough to find it.

use serde::Deserialize;

use super::{Inside, as_name, directory_name};

/// A manifest in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Name of the file.
    pub(super) file: String,
    /// Name of the package: what the file says, or for some files by custom the directory's. Absent if it says none.
    pub(super) package: Option<String>,
}

/// Returns the manifest in a directory: the first that says a name, else what marks a package without
/// saying one, else the first that there is.
pub(super) fn read(inside: &Inside<'_>) -> Option<Manifest> {
    let said = first_said(inside);
    if said.as_ref().is_some_and(|manifest| manifest.package.is_some()) {
        return said;
    }
    let Some(package) = directory_name(inside.path) else { return said };
    let of_directory = OF_DIRECTORY.iter().map(|kind| format!("{package}{kind}"));
    let mut markers = MARKERS.iter().map(|marker| (*marker).to_owned()).chain(of_directory);
    match markers.find(|file| inside.has(file)) {
        Some(file) => Some(Manifest { file, package: Some(package) }),
        None => said,
    }
}

/// Returns the manifest in a directory that says a name itself.
pub(super) fn read_named(inside: &Inside<'_>) -> Option<Manifest> {
    first_said(inside).filter(|manifest| manifest.package.is_some())
}

/// Returns the first manifest that says a name, else the first that there is.
fn first_said(inside: &Inside<'_>) -> Option<Manifest> {
    let mut nameless = None;
    for (file, name_in) in NAMED {
        let Some(content) = inside.read(file, FILE_LIMIT) else { continue };
        let package = text(&content).and_then(name_in).as_deref().and_then(as_name);
        let named = package.is_some();
        let manifest = Manifest { file: (*file).to_owned(), package };
        if named {
            return Some(manifest);
        }
        nameless.get_or_insert(manifest);
    }
    nameless
}

/// Returns the name that a `wharf.toml` in a directory gives the project.
pub(super) fn given_name(inside: &Inside<'_>) -> Option<String> {
    let content = inside.read("wharf.toml", FILE_LIMIT)?;
    toml_name(text(&content)?).as_deref().and_then(as_name)
}

fn text(content: &[u8]) -> Option<&str> {
    std::str::from_utf8(content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)).ok()
}

type NameIn = fn(&str) -> Option<String>;

/// Files that say a name, and how to find it.
const NAMED: &[(&str, NameIn)] = &[
    ("package.json", json_name),
    ("pyproject.toml", pyproject_name),
    ("Cargo.toml", cargo_name),
    ("go.mod", go_module_name),
    ("composer.json", json_name),
    ("deno.json", json_name),
    ("mix.exs", mix_name),
    ("pom.xml", pom_name),
    ("settings.gradle", gradle_name),
    ("settings.gradle.kts", gradle_name),
];

/// Files that mark a package whose name is that of its directory.
const MARKERS: &[&str] = &[
    "Gemfile",
    "build.gradle",
    "build.gradle.kts",
    "manage.py",
    "setup.py",
    "Pipfile",
    "requirements.txt",
    "deno.jsonc",
];

/// The same, named after the directory.
const OF_DIRECTORY: &[&str] = &[".gemspec", ".csproj", ".fsproj", ".sln"];

#[derive(Deserialize)]
struct Named {
    name: Option<serde_json::Value>,
}

fn json_name(text: &str) -> Option<String> {
    let named: Named = serde_json::from_str(text).ok()?;
    named.name?.as_str().map(str::to_owned)
}

#[derive(Deserialize)]
struct NamedTable {
    name: Option<toml::Value>,
}

impl NamedTable {
    fn name(&self) -> Option<String> {
        self.name.as_ref()?.as_str().map(str::to_owned)
    }
}

fn toml_name(text: &str) -> Option<String> {
    toml::from_str::<NamedTable>(text).ok()?.name()
}

fn cargo_name(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Cargo {
        package: Option<NamedTable>,
    }
    toml::from_str::<Cargo>(text).ok()?.package?.name()
}

fn pyproject_name(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Pyproject {
        project: Option<NamedTable>,
        tool: Option<Tool>,
    }
    #[derive(Deserialize)]
    struct Tool {
        poetry: Option<NamedTable>,
    }
    let pyproject: Pyproject = toml::from_str(text).ok()?;
    let poetry = || pyproject.tool.and_then(|tool| tool.poetry).and_then(|poetry| poetry.name());
    pyproject.project.and_then(|project| project.name()).or_else(poetry)
}

/// Returns the last element of the module's path, without its major version (`example.org/shop/v2` is `shop`).
fn go_module_name(text: &str) -> Option<String> {
    let module = text.lines().find_map(|line| {
        let line = line.split("//").next().unwrap_or(line).trim();
        line.strip_prefix("module").filter(|rest| rest.starts_with([' ', '\t', '"']))
    })?;
    let path = module.trim().trim_matches(['"', '`']);
    let is_version = |element: &str| {
        element
            .strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut elements = path.rsplit('/');
    let last = elements.next()?;
    let name = if is_version(last) { elements.next().unwrap_or(last) } else { last };
    Some(name.to_owned())
}

/// Returns `shop` of `app: :shop`.
fn mix_name(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find("app:") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + "app:".len()..];
        let Some(atom) = rest.trim_start().strip_prefix(':') else { continue };
        let end = atom.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(atom.len());
        if !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') && end > 0 {
            return Some(atom[..end].to_owned());
        }
    }
    None
}

/// Returns `shop` of `rootProject.name = 'shop'`.
fn gradle_name(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let value =
            line.trim().strip_prefix("rootProject.name")?.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
        value[1..].split(quote).next().map(str::to_owned)
    })
}

/// Returns the `artifactId` that is a child of `project` itself, not of its parent or of a dependency.
fn pom_name(text: &str) -> Option<String> {
    let (mut rest, mut depth) = (text, 0_usize);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        let (tag, after) = rest[1..].split_once('>')?;
        rest = after;
        if tag.starts_with(['?', '!']) || tag.ends_with('/') {
            continue;
        }
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if depth == 1 && tag == "artifactId" {
            return rest.split('<').next().map(str::to_owned);
        } else {
            depth += 1;
        }
    }
    None
}

/// Longest manifest that is read, bytes.
const FILE_LIMIT: usize = 1024 * 1024;

//! Which crate may name which, and how many packages the lock file may hold.
//!
//! The table here is the law; docs/architecture.md explains it.

use toml::{Table, Value};

use super::house::{File, Finding, House};

/// Arrows between our crates: who, and all that it may depend on. Anything else is refused.
const ARROWS: &[(&str, &[&str])] = &[
    ("wharf-model", &[]),
    ("wharf-sys", &[]),
    ("wharf-os", &["wharf-sys", "wharf-model"]),
    ("wharf-catalog", &["wharf-os", "wharf-model"]),
    ("wharf-diagnose", &["wharf-catalog", "wharf-os", "wharf-model"]),
    ("wharf-lease", &["wharf-os", "wharf-model"]),
    ("wharf-run", &["wharf-lease", "wharf-os", "wharf-model"]),
    ("wharf-free", &["wharf-catalog", "wharf-run", "wharf-os", "wharf-model"]),
    ("wharf-api", &["wharf-os", "wharf-model"]),
    ("wharf-router", &["wharf-os", "wharf-model"]),
    (
        "wharf-daemon",
        &[
            "wharf-api",
            "wharf-catalog",
            "wharf-diagnose",
            "wharf-lease",
            "wharf-router",
            "wharf-run",
            "wharf-os",
            "wharf-model",
        ],
    ),
    ("wharf-views", &["wharf-model"]),
    ("wharf-testkit", &["wharf-os", "wharf-model"]),
    (
        "wharf",
        &[
            "wharf-api",
            "wharf-catalog",
            "wharf-daemon",
            "wharf-diagnose",
            "wharf-free",
            "wharf-lease",
            "wharf-router",
            "wharf-run",
            "wharf-views",
            "wharf-os",
            "wharf-model",
        ],
    ),
    ("xtask", &[TESTKIT]),
    ("fuzz", &["wharf-router"]),
];

/// For tests only: any crate may have it among its dev-dependencies, and nowhere else.
const TESTKIT: &str = "wharf-testkit";

/// Outer crates that only the tools may ship, and why.
const TOOLS_ONLY: &[(&str, &str)] = &[("anyhow", "libraries name their errors (thiserror)")];

/// Crates that are tools, not parts of what users run.
const TOOLS: &[&str] = &["xtask", TESTKIT];

/// Packages that `Cargo.lock` may hold at most.
const LOCKED_PACKAGES: usize = 300;

/// Every dependency between our crates stands in the table.
pub(super) fn crate_arrows(house: &House) -> Vec<Finding> {
    let manifests = house.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    manifests.flat_map(manifest_arrows).collect()
}

/// `Cargo.lock` stays small, and every package in it comes from the public index.
pub(super) fn locked_packages(house: &House) -> Vec<Finding> {
    let Some(lock) = house.file("Cargo.lock") else {
        return vec![Finding { path: "Cargo.lock".to_owned(), line: 0, text: "is missing".to_owned() }];
    };
    let packages = lock.text.lines().filter(|line| *line == "[[package]]").count();
    let mut findings = Vec::new();
    if packages > LOCKED_PACKAGES {
        let text = format!("{packages} packages: at most {LOCKED_PACKAGES}; drop a dependency");
        findings.push(lock.finding(0, text));
    }
    for (index, line) in lock.text.lines().enumerate() {
        let source = line.strip_prefix("source = ");
        if source.is_some_and(|source| !source.contains("github.com/rust-lang/crates.io-index")) {
            findings.push(lock.finding(index + 1, "not from the public index"));
        }
    }
    findings
}

fn manifest_arrows(file: &File) -> Vec<Finding> {
    let folder = file.path.trim_end_matches("/Cargo.toml");
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let Ok(manifest) = file.text.parse::<Table>() else {
        return vec![file.finding(0, "is no TOML")];
    };
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
        let text =
            format!("{name} is in no arrow: add it to xtask/src/tidy/arrows.rs and docs/architecture.md");
        return vec![file.finding(0, text)];
    };
    let mut findings = Vec::new();
    for (kind, dependency) in dependencies(&manifest) {
        let is_ours = ARROWS.iter().any(|(ours, _)| *ours == dependency) || dependency.starts_with("wharf");
        let is_test_aid = dependency == TESTKIT && kind == "dev-dependencies";
        if is_ours && !is_test_aid && !allowed.contains(&dependency.as_str()) {
            findings.push(file.finding(0, format!("{name} may not depend on {dependency} ({kind})")));
        }
        for (outer, why) in TOOLS_ONLY {
            if dependency == *outer && kind != "dev-dependencies" && !TOOLS.contains(&name) {
                findings.push(file.finding(0, format!("{name} may not depend on {outer}: {why}")));
            }
        }
    }
    findings
}

/// Returns every dependency with the table it stands in, those of single targets included.
fn dependencies(manifest: &Table) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    for table in std::iter::once(manifest).chain(targets) {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let names = table.get(kind).and_then(Value::as_table).into_iter().flatten();
            found.extend(names.map(|(name, value)| {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
                (kind, package.to_owned())
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::house::check;
    use super::*;

    fn arrows(name: &str, manifest: &str) -> Vec<Finding> {
        crate_arrows(&House::of(&[(&format!("crates/{name}/Cargo.toml"), manifest)]))
    }

    #[test]
    fn upward_arrow_is_refused() {
        let findings = arrows("wharf-os", "[dependencies]\nwharf-catalog.workspace = true\n");
        check(&findings, &[("crates/wharf-os/Cargo.toml", 0)]);
    }

    #[test]
    fn arrow_of_one_target_or_another_name_is_refused() {
        let findings = arrows(
            "wharf-model",
            "[target.'cfg(unix)'.dependencies]\nkernel = { package = \"wharf-sys\", path = \"../wharf-sys\" }\n",
        );
        check(&findings, &[("crates/wharf-model/Cargo.toml", 0)]);
    }

    #[test]
    fn testkit_is_for_tests_alone() {
        check(&arrows("wharf", "[dev-dependencies]\nwharf-testkit.workspace = true\n"), &[]);
        let findings = arrows("wharf", "[dependencies]\nwharf-testkit.workspace = true\n");
        check(&findings, &[("crates/wharf/Cargo.toml", 0)]);
    }

    #[test]
    fn unknown_crate_is_refused() {
        check(&arrows("wharf-utils", "[dependencies]\n"), &[("crates/wharf-utils/Cargo.toml", 0)]);
    }

    #[test]
    fn anyhow_in_a_library_is_refused() {
        let findings = arrows("wharf-os", "[dependencies]\nanyhow.workspace = true\n");
        check(&findings, &[("crates/wharf-os/Cargo.toml", 0)]);
    }

    #[test]
    fn arrows_of_the_table_pass() {
        check(&arrows("wharf-os", "[dependencies]\nwharf-model.workspace = true\nserde = \"1\"\n"), &[]);
    }

    #[test]
    fn fat_lock_file_is_refused() {
        let lock = "[[package]]\n".repeat(LOCKED_PACKAGES + 1);
        check(&locked_packages(&House::of(&[("Cargo.lock", &lock)])), &[("Cargo.lock", 0)]);
    }

    #[test]
    fn package_from_elsewhere_is_refused() {
        let lock = "[[package]]\nname = \"a\"\nsource = \"git+https://example.org/a\"\n";
        check(&locked_packages(&House::of(&[("Cargo.lock", lock)])), &[("Cargo.lock", 3)]);
    }
}

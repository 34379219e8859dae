//! Lists the programs of `faults/` for the macro `each_fault!` and those of `occupants/` for `each_occupant!`, so that none of
//! them is ever forgotten by a test.

#![expect(clippy::disallowed_macros, reason = "to cargo a build script speaks by printing")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=faults");
    let mut text = "/// Hands every fault to a macro, by group: `GROUP: [NAME, …]`.\n#[macro_export]\n\
                    macro_rules! each_fault {\n    ($each:ident) => {\n        $each! {\n"
        .to_owned();
    for group in sorted(Path::new("faults")).into_iter().filter(|path| path.is_dir()) {
        println!("cargo:rerun-if-changed={}", group.display());
        let is_program = |path: &PathBuf| path.extension().is_some_and(|end| end == "py");
        let names: Vec<String> =
            sorted(&group).iter().filter(|path| is_program(path)).map(|path| stem(path)).collect();
        if !names.is_empty() {
            writeln!(text, "            {}: [{}]", stem(&group), names.join(", "))
                .expect("a string takes it");
        }
    }
    text += "        }\n    };\n}\n";
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("faults.rs"), text).expect("the list is written");
    fs::write(out.join("occupants.rs"), occupants()).expect("the list is written");
}

/// Returns the macro that hands every occupant on.
fn occupants() -> String {
    println!("cargo:rerun-if-changed=occupants");
    let names: Vec<String> =
        sorted(Path::new("occupants")).iter().filter(|path| path.is_file()).map(|path| stem(path)).collect();
    format!(
        "/// Hands every occupant of the port to a macro: `NAME, …`.\n#[macro_export]\n\
         macro_rules! each_occupant {{\n    ($each:ident) => {{\n        $each! {{ {} }}\n    }};\n}}\n",
        names.join(", ")
    )
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("it has a name").to_string_lossy().into_owned()
}

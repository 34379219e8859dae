//! What Java was told to run: a jar or a main class.

use wharf_model::place::KnownBy;

use crate::service::command::{Command, file_name};
use crate::service::table::{self, Kind};
use crate::service::{Verdict, version};

/// Sees through Java.
pub(super) fn identify(command: &Command<'_>) -> Option<Verdict> {
    let split = JavaCommand::of(&command.arguments);
    if let Some(application) =
        split.options.iter().find_map(|option| option.strip_prefix("-Declipse.application="))
        && application.starts_with("org.eclipse.jdt.ls.core.")
    {
        return Verdict::by_id("jdtls", KnownBy::CommandLine);
    }
    let by_name = match split.run? {
        Run::Jar(path) => of_jar(path),
        Run::Class(class) => {
            table::find(Kind::Java, class).map(|known| Verdict::new(known, KnownBy::CommandLine))
        }
    };
    by_name.or_else(|| {
        let spring = split.class_path.is_some_and(has_spring_boot);
        spring.then(|| Verdict::by_id("spring-boot", KnownBy::CommandLine)).flatten()
    })
}

/// What the virtual machine runs.
#[derive(Debug)]
enum Run<'a> {
    Jar(&'a str),
    Class(&'a str),
}

/// The arguments of java(1): its own options, and what it runs.
#[derive(Debug)]
struct JavaCommand<'a> {
    options: &'a [&'a str],
    class_path: Option<&'a str>,
    run: Option<Run<'a>>,
}

impl<'a> JavaCommand<'a> {
    fn of(arguments: &'a [&'a str]) -> Self {
        let (mut at, mut class_path, mut run) = (0, None, None);
        while let Some(&argument) = arguments.get(at) {
            let value = arguments.get(at + 1).copied();
            match argument {
                "-cp" | "-classpath" | "--class-path" => (class_path, at) = (value, at + 2),
                "-jar" => {
                    run = value.map(Run::Jar);
                    break;
                }
                "-m" | "--module" => {
                    run = value.map(|module| Run::Class(module.rsplit('/').next().unwrap_or(module)));
                    break;
                }
                _ if TAKE_VALUE.contains(&argument) => at += 2,
                _ if argument.starts_with(['-', '@']) => at += 1,
                _ => {
                    run = Some(Run::Class(argument));
                    break;
                }
            }
        }
        Self { options: &arguments[..at.min(arguments.len())], class_path, run }
    }
}

/// Returns the service of a jar by its name up to the version: `selenium-server` of `selenium-server-4.10.0.jar`.
fn of_jar(path: &str) -> Option<Verdict> {
    let name = file_name(path);
    let stem = name.strip_suffix(".jar").or_else(|| name.strip_suffix(".war"))?;
    let bytes = stem.as_bytes();
    let cut = (1..bytes.len())
        .find(|&at| bytes[at].is_ascii_digit() && matches!(bytes[at - 1], b'-' | b'_' | b'.'));
    let (base, number) = match cut {
        Some(at) => (&stem[..at - 1], Some(&stem[at..])),
        None => (stem, None),
    };
    let known = table::find(Kind::Java, base)?;
    Some(Verdict::new(known, KnownBy::CommandLine).with_version(number.and_then(version)))
}

fn has_spring_boot(class_path: &str) -> bool {
    class_path.split([':', ';']).map(file_name).any(|jar| {
        jar.strip_prefix("spring-boot-").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// Options of java(1) that take the next argument as their value.
const TAKE_VALUE: &[&str] = &[
    "-p",
    "--module-path",
    "--upgrade-module-path",
    "--add-modules",
    "--add-opens",
    "--add-exports",
    "--add-reads",
    "--patch-module",
    "--limit-modules",
    "--enable-native-access",
    "--source",
];

//! What `wharf run` says to a command that would lose privilege under it.
//!
//! Not here: which privilege a file gives (`wharf-os`).

use std::ffi::OsString;
use std::path::Path;

use wharf_os::privilege::{Privilege, lost_by};
use wharf_views::style::Style;
use wharf_views::text::run::write_warning;

use super::story::say;
use crate::failure::{FAILED, Failure};

/// Refuses a command that runs as another user by its file, since it can hardly do without; warns of one that has less,
/// such as ping, which most often can.
pub(super) fn look_at(command: &[OsString], style: &Style) -> Result<(), Failure> {
    let Some(privilege) = command.first().and_then(|program| lost_by(program)) else { return Ok(()) };
    let program = command[0].to_string_lossy();
    let what = match privilege {
        Privilege::User => return Err(Failure::Run(refusal(command), FAILED)),
        Privilege::Group => "the rights of another group (set-group-ID)",
        Privilege::Capabilities => "capabilities",
    };
    let text = format!(
        "{program} goes on without {what}, which its file gives it and the kernel takes away under supervision; \
         with WHARF=0 it has them"
    );
    say(|err| write_warning(err, &text, style));
    Ok(())
}

fn refusal(command: &[OsString]) -> String {
    let words: Vec<String> = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let (program, arguments) =
        words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let name = Path::new(program).file_name().map(|name| name.to_string_lossy().into_owned());
    let instead = match name.as_deref() {
        Some(name @ ("sudo" | "doas")) => {
            let has_options = arguments.first().is_none_or(|first| first.starts_with('-'));
            let inner = if has_options { "COMMAND".to_owned() } else { arguments.join(" ") };
            format!("write `{name} wharf run -- {inner}`")
        }
        _ => "start wharf as root".to_owned(),
    };
    format!(
        "{program} runs as another user by its file (set-user-ID), and the kernel lets nothing do so that is supervised \
         without root: {instead}, or set WHARF=0 to run it without wharf"
    )
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_refusal_says_what_to_write_instead() {
        let said = |words: &[&str]| refusal(&words.iter().map(Into::into).collect::<Vec<_>>());
        assert!(said(&["/usr/bin/sudo", "npm", "start"]).contains("`sudo wharf run -- npm start`"));
        assert!(said(&["sudo", "-E", "npm"]).contains("`sudo wharf run -- COMMAND`"));
        assert!(said(&["su"]).contains("start wharf as root, or set WHARF=0"));
    }
}

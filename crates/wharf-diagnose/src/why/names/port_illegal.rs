//! A port that is none: above 65535, or no number.

use crate::cause::{Cause, Finding, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::shown;
use crate::target::{Place, Port};

/// An illegal port.
pub(super) const CAUSE: Cause = Cause {
    code: "port-illegal",
    group: Group::Names,
    layer: Layer::Question,
    title: "What is written as the port is none",
    symptom: "curl says `URL rejected: Port number was not a decimal number between 0 and 65535` (3), Node \
              ERR_INVALID_URL, browsers that the address is not valid.",
    evidence: "The text after the host is no number between 1 and 65535.",
    fix: "Write a port from 1 to 65535. An unset variable often leaves `undefined` or nothing there.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(target) = facts.target() else { return Opinion::Aside };
    let Place::Tcp { port: Port::Illegal(text), .. } = &target.place else { return Opinion::Aside };
    let text = shown(text.as_bytes(), 40);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let finding = match digits {
        true => Finding::new(format!("{text} is no port: they end at 65535")),
        false => Finding::new(format!("{text:?} is no port: it is no number")),
    };
    let finding = finding.saw_not("the target", text.clone(), "a number from 1 to 65535");
    let is_unset = ["undefined", "null", "none", "nan"].contains(&text.to_ascii_lowercase().as_str());
    if is_unset || text.contains(['$', '{', '<']) {
        return finding
            .advise("set the variable that the port was to come from: it was empty, or not replaced")
            .into();
    }
    finding.advise("write a port from 1 to 65535").into()
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn what_is_no_port_is_told_apart() {
        for target in
            ["http://localhost:99999", "65536", "http://localhost:undefined", "http://localhost:80a"]
        {
            assert_eq!(asked(target).judged().causes(), ["port-illegal"], "{target}");
        }
        let told = asked("http://localhost:undefined").judged();
        assert!(told.diagnosis.causes[0].fixes[0].title.contains("variable"));
        assert!(!asked("http://localhost:65535").judged().causes().contains(&"port-illegal"));
    }
}

//! The server may be on the other side of a virtual machine's border: WSL.

use crate::cause::{Cause, Group, Layer, Opinion, Proof, ruled_out};
use crate::facts::Facts;

/// WSL has a localhost of its own.
pub(super) const WSL: Cause = Cause {
    code: "wsl-other-side",
    group: Group::Refused,
    layer: Layer::Port,
    title: "This is WSL, whose localhost is not that of Windows",
    symptom: "`Connection refused` within WSL for a server that runs on Windows. It is a remark of `wharf why`, no cause.",
    evidence: "The kernel's version names Microsoft, and nobody listens here.",
    fix: "Ask for the address of the Windows side (`ip route show default`), or set `networkingMode=mirrored` in `.wslconfig`.",
    proof: Proof::Documented("Microsoft, Accessing network applications with WSL"),
    privilege: None,
    rule: wsl,
};

fn wsl(facts: &Facts) -> Opinion {
    if facts.reached.is_empty() || facts.is_listened_at() || !facts.is_loopback() {
        return Opinion::Aside;
    }
    if !facts.is_wsl {
        return ruled_out("this is no WSL");
    }
    Opinion::Odd(
        "this is WSL: a server on the Windows side is not at this localhost, unless networkingMode=mirrored is set"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::asked;

    #[test]
    fn it_is_a_remark_where_nobody_listens() {
        let told = asked("127.0.0.1:3000").refused().with(|facts| facts.is_wsl = true).judged();
        assert_eq!((told.causes(), told.remarks()), (vec!["nothing-listening"], vec!["wsl-other-side"]));
        let told = asked("127.0.0.1:3000").refused().judged();
        assert!(told.remarks().is_empty());
    }
}

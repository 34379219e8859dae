//! The user does not exist, where the server says so.

use super::database::{said, seen, unless_ready, user};
use crate::cause::{Cause, Group, Layer, Opinion, Proof};
use crate::facts::Facts;
use crate::facts::talk::database::Kind;

/// No such user.
pub(super) const CAUSE: Cause = Cause {
    code: "database-user-missing",
    group: Group::Protocols,
    layer: Layer::Answer,
    title: "The database has no such user",
    symptom: "`role … does not exist` (PostgreSQL). With a password asked for, PostgreSQL and all others say the same as of a wrong \
              password.",
    evidence: "SQLSTATE 28000 from InitializeSessionUserId: the client was let in by pg_hba.conf, and there is no such role.",
    fix: "Create the role, or name another user in the URL. Without one, clients take that of the system.",
    proof: Proof::Reproduced,
    privilege: None,
    rule,
};

fn rule(facts: &Facts) -> Opinion {
    let Some(database) = seen(facts) else { return Opinion::Aside };
    let refusal = database.refused(Kind::Postgres, &["28000"]).filter(|refusal| {
        refusal.routine == "InitializeSessionUserId" && !refusal.text.contains("not permitted")
    });
    let Some(refusal) = refusal else {
        return unless_ready(database, "the user exists");
    };
    let user = user(database);
    let named = facts.target().is_some_and(|target| target.user.is_some());
    let whence = if named { "" } else { ", which is the system's user, for the URL names none" };
    said(format!("{} has no role {user}{whence}", database.product()), database, refusal)
        .command("create it", format!("createuser {}", wharf_model::shell::quoted(&user)))
        .advise("or name another user in the URL: USER@ before the host")
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::database::testing::{ready, refused};

    #[test]
    fn a_role_that_does_not_exist_is_it_in_any_language() {
        for text in ["role \"me\" does not exist", "Rolle „me“ existiert nicht"] {
            let told = refused("postgres://me@127.0.0.1/shop", "28000", text, "InitializeSessionUserId");
            assert_eq!(told.causes(), ["database-user-missing"]);
        }
    }

    #[test]
    fn another_refusal_with_the_same_code_is_not_it() {
        let text = "pg_hba.conf rejects connection";
        let told = refused("postgres://me@127.0.0.1/shop", "28000", text, "ClientAuthentication");
        assert_eq!(told.causes(), ["database-host-not-allowed"]);
    }

    #[test]
    fn a_login_rules_it_out() {
        assert!(ready("postgres://me@127.0.0.1/shop").is_ruled_out("database-user-missing"));
    }
}

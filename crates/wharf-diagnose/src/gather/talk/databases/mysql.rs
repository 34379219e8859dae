//! MySQL and MariaDB up to their first refusal: the greeting, TLS if the URL asks for it, and one login with the password
//! of the URL, or with none.

mod packet;

use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use self::packet::{Greeting, Packet};
use super::Session;
use super::login::Tls;
use super::wire::{Broken, Wire};
use crate::facts::talk::database::{End, Refusal};

/// Talks to the server. Where the URL does not say whether TLS is wanted, and the server has it, the login is made within
/// TLS, for there the server's word on the password is sure; and again without, once that is known to be right: a server
/// (or an account) that wants TLS refuses then, and MariaDB says no more of it than of a wrong password.
pub(super) fn talk(session: &mut Session<'_>, wire: Wire) {
    let tls = session.login.tls;
    session.database.end = greeted(session, wire, tls).unwrap_or_else(|broken| session.ended(broken));
    if tls != Tls::Unsaid || !session.database.over_tls || session.database.end != End::Ready {
        return;
    }
    let Some(wire) = session.again() else { return };
    session.database.over_tls = false;
    let plain = greeted(session, wire, Tls::Never).unwrap_or_else(|broken| session.ended(broken));
    if matches!(plain, End::Refused(_)) {
        session.database.end = plain;
        session.database.other_way = Some(End::Ready);
    }
}

fn greeted(session: &mut Session<'_>, mut wire: Wire, tls: Tls) -> Result<End, Broken> {
    let greeting = match wire.next(|bytes| packet::read(bytes, true))?.1 {
        Packet::Greeting(greeting) => greeting,
        Packet::Error(refusal) => return Ok(End::Refused(refusal)),
        _ => return Ok(End::Foreign(Vec::new())),
    };
    let login = session.login.clone();
    let offers_tls = greeting.capabilities & packet::TLS != 0;
    session.database.version = Some(greeting.version.clone());
    session.database.offers_tls = Some(offers_tls);
    let tls = match tls {
        Tls::Never => false,
        Tls::IfOffered | Tls::Unsaid => offers_tls,
        Tls::Must if !offers_tls => return Ok(End::NoTls),
        Tls::Must => true,
    };
    let head = packet::head(login.database.is_some(), tls);
    let mut number = 1;
    if tls {
        wire.send(&packet::framed(number, &head));
        number += 1;
        wire = match session.upgrade(wire) {
            Ok(wire) => wire,
            Err(end) => return Ok(end),
        };
        session.database.over_tls = true;
    }
    let password = login.password.as_deref().unwrap_or_default();
    // A plugin that wharf does not know is answered with the oldest: the server then says which one it wants.
    let plugin = if KNOWN.contains(&greeting.plugin.as_str()) { greeting.plugin.as_str() } else { NATIVE };
    let proof = proof(plugin, password, &greeting.salt).unwrap_or_default();
    session.database.method = Some(plugin.to_owned());
    let answer = packet::answer(head, &login.user, &proof, login.database.as_deref(), plugin);
    wire.send(&packet::framed(number, &answer));
    logged_in(session, wire, password, greeting)
}

fn logged_in(
    session: &mut Session<'_>,
    mut wire: Wire,
    password: &str,
    greeting: Greeting,
) -> Result<End, Broken> {
    for _ in 0..STEPS {
        let (number, packet) = wire.next(|bytes| packet::read(bytes, false))?;
        let reply = match packet {
            Packet::Ok => {
                wire.part(&packet::framed(0, &[QUIT]));
                return Ok(End::Ready);
            }
            Packet::Error(refusal) => return Ok(End::Refused(refusal)),
            Packet::Switch(None) => return Ok(old_scheme()),
            Packet::Switch(Some((plugin, salt))) => {
                let tls = session.database.over_tls;
                session.database.method = Some(plugin.clone());
                match proof(&plugin, password, &salt) {
                    Some(proof) => proof,
                    None if plugin == "mysql_clear_password" && tls => [password.as_bytes(), &[0]].concat(),
                    None if plugin == "mysql_old_password" => return Ok(old_scheme()),
                    None => {
                        return Ok(End::Greeted(unchecked(&format!(
                            "the login by {plugin} is unknown to wharf"
                        ))));
                    }
                }
            }
            // caching_sha2_password: the server remembers the password, and says so before it is content.
            Packet::More(data) if data == [REMEMBERED] => continue,
            Packet::More(data) if data == [WHOLE] && session.database.over_tls => {
                [password.as_bytes(), &[0]].concat()
            }
            Packet::More(_) => {
                let why = "the server has not seen it since its start, and wants it within TLS or encrypted; \
                           ask with ssl-mode=REQUIRED";
                return Ok(End::Greeted(unchecked(why)));
            }
            Packet::Greeting(_) => break,
        };
        wire.send(&packet::framed(number.wrapping_add(1), &reply));
    }
    Ok(End::Foreign(greeting.version.into_bytes()))
}

fn unchecked(why: &str) -> String {
    format!("the password was not checked: {why}")
}

fn old_scheme() -> End {
    End::Refused(Refusal {
        code: OLD_SCHEME.to_owned(),
        text: "the server asks for the password scheme from before MySQL 4.1".to_owned(),
        ..Refusal::default()
    })
}

/// Returns the proof of a password by a plugin; `None` for a plugin that is not known.
fn proof(plugin: &str, password: &str, salt: &[u8]) -> Option<Vec<u8>> {
    let hash = |algorithm: &'static Algorithm, parts: &[&[u8]]| digest(algorithm, &parts.concat());
    let crossed = |one: &[u8], other: &[u8]| one.iter().zip(other).map(|(one, other)| one ^ other).collect();
    let salt = salt.get(..20).unwrap_or(salt);
    match plugin {
        _ if !KNOWN.contains(&plugin) => None,
        _ if password.is_empty() => Some(Vec::new()),
        NATIVE => {
            let once = hash(&SHA1_FOR_LEGACY_USE_ONLY, &[password.as_bytes()]);
            let twice = hash(&SHA1_FOR_LEGACY_USE_ONLY, &[once.as_ref()]);
            let salted = hash(&SHA1_FOR_LEGACY_USE_ONLY, &[salt, twice.as_ref()]);
            Some(crossed(once.as_ref(), salted.as_ref()))
        }
        _ => {
            let once = hash(&SHA256, &[password.as_bytes()]);
            let twice = hash(&SHA256, &[once.as_ref()]);
            let salted = hash(&SHA256, &[twice.as_ref(), salt]);
            Some(crossed(once.as_ref(), salted.as_ref()))
        }
    }
}

/// ER_NOT_SUPPORTED_AUTH_MODE.
const OLD_SCHEME: &str = "1251";
const NATIVE: &str = "mysql_native_password";
const KNOWN: &[&str] = &[NATIVE, "caching_sha2_password"];
/// COM_QUIT.
const QUIT: u8 = 1;
/// caching_sha2_password: the password is that which is remembered.
const REMEMBERED: u8 = 3;
/// caching_sha2_password: the whole password is wanted.
const WHOLE: u8 = 4;
/// More than any login takes.
const STEPS: usize = 8;

#[cfg(test)]
mod tests {
    use super::proof;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reckoned with Python's hashlib by the formula of the manual.
    #[test]
    fn proofs_are_those_of_the_manual() {
        let salt = b"saltsaltmoresaltmore";
        assert_eq!(hex(&proof("mysql_native_password", "secret", salt).unwrap()), NATIVE);
        assert_eq!(hex(&proof("caching_sha2_password", "secret", salt).unwrap()), CACHING);
        assert_eq!(proof("mysql_native_password", "", salt), Some(Vec::new()));
        assert_eq!(proof("dialog", "secret", salt), None);
    }

    const NATIVE: &str = "3bc728debd3b357dc2d3dbbab61047226961efaa";
    const CACHING: &str = "2a7c86af6d197f4e339011848b6d48b890ef3aa4af93ee09ba0cd508cfdfb1ca";
}

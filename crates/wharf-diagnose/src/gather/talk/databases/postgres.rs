//! PostgreSQL up to its first refusal: TLS as `sslmode` has it, the start-up message, and one login with the password of the
//! URL. Not one query is sent.

mod md5;
mod message;
mod scram;

use ring::rand::{SecureRandom, SystemRandom};

use self::message::{Authentication, Message};
use super::login::{Login, Tls};
use super::wire::{Broken, Parsed, Wire};
use super::{Session, ended};
use crate::facts::talk::database::End;

/// Talks to the server on `wire`, and where it refuses before it has asked for a password, the other way round about TLS.
pub(super) fn talk(session: &mut Session<'_>, wire: Wire) {
    let login = session.login.clone();
    session.database.end = one(session, wire, login.tls, true);
    let refused = session.database.refusal().is_some_and(|refusal| refusal.code.starts_with("28"));
    if !refused || session.database.method.is_some() {
        return;
    }
    let over_tls = session.database.over_tls;
    let (tls, may_login) = match login.tls {
        // As libpq does: it takes either way, and the second one counts.
        Tls::IfOffered => (if over_tls { Tls::Never } else { Tls::Must }, true),
        Tls::Never => (Tls::Must, false),
        Tls::Must | Tls::Unsaid => return,
    };
    let Some(wire) = session.again() else { return };
    let other = one(session, wire, tls, may_login);
    if may_login
        && !matches!(other, End::Refused(_) | End::NoTls | End::Closed | End::Silent | End::Foreign(_))
    {
        session.database.end = other;
    } else {
        session.database.over_tls = over_tls;
        session.database.other_way = Some(other);
    }
}

fn one(session: &mut Session<'_>, wire: Wire, tls: Tls, may_login: bool) -> End {
    let wire = match secured(session, wire, tls) {
        Ok(wire) => wire,
        Err(end) => return end,
    };
    logged_in(session, wire, may_login).unwrap_or_else(|broken| session.ended(broken))
}

/// Asks for TLS where it is wanted, and goes over to it where it is had.
fn secured(session: &mut Session<'_>, mut wire: Wire, tls: Tls) -> Result<Wire, End> {
    session.database.over_tls = false;
    if tls == Tls::Never {
        return Ok(wire);
    }
    wire.send(&message::SSL_REQUEST);
    let answer = wire.next(|bytes| match bytes.first() {
        None => Parsed::More,
        // An error: too many clients, or a server that knows no TLS.
        Some(b'E') => Parsed::Whole(b'E', 0),
        Some(&answer @ (b'S' | b'N')) if bytes.len() == 1 => Parsed::Whole(answer, 1),
        Some(_) => Parsed::Bad,
    });
    match answer.map_err(ended)? {
        b'S' => {
            session.database.offers_tls = Some(true);
            let wire = session.upgrade(wire)?;
            session.database.over_tls = true;
            Ok(wire)
        }
        b'N' => {
            session.database.offers_tls = Some(false);
            if tls == Tls::Must { Err(End::NoTls) } else { Ok(wire) }
        }
        _ => Ok(wire),
    }
}

fn logged_in(session: &mut Session<'_>, mut wire: Wire, may_login: bool) -> Result<End, Broken> {
    let login = session.login.clone();
    let database = login.database.as_deref().unwrap_or(&login.user);
    wire.send(&message::startup(&login.user, database));
    let mut scram = None;
    // More than any server says before it is ready.
    for _ in 0..MESSAGES {
        match wire.next(message::read)? {
            Message::Error(refusal) => return Ok(End::Refused(refusal)),
            Message::Setting(name, value) => setting(session, &name, value),
            Message::Ready => {
                wire.part(&message::TERMINATE);
                return Ok(End::Ready);
            }
            Message::Authentication(Authentication::Done | Authentication::SaslFinal) | Message::Other => {}
            Message::Authentication(asked) => {
                if let Some(method) = method(&asked) {
                    session.database.method = Some(method);
                }
                if !may_login {
                    return Ok(End::Greeted("asks for a password".to_owned()));
                }
                match proof(&login, &asked, &mut scram) {
                    Ok(bytes) => wire.send(&bytes),
                    Err(end) => return Ok(end),
                }
            }
        }
    }
    Ok(End::Greeted("says more than a server does".to_owned()))
}

fn setting(session: &mut Session<'_>, name: &str, value: String) {
    match name {
        "server_version" => session.database.version = Some(value),
        "in_hot_standby" | "default_transaction_read_only" if value == "on" => {
            session.database.read_only = Some(true);
        }
        "in_hot_standby" => session.database.read_only = Some(false),
        _ => {}
    }
}

fn method(asked: &Authentication) -> Option<String> {
    Some(match asked {
        Authentication::Cleartext => "password".to_owned(),
        Authentication::Md5(_) => "md5".to_owned(),
        Authentication::Sasl(mechanisms) => mechanisms.join(", ").to_lowercase(),
        Authentication::Other(number) => match number {
            2 => "kerberos".to_owned(),
            7 => "gss".to_owned(),
            9 => "sspi".to_owned(),
            number => format!("method {number}"),
        },
        _ => return None,
    })
}

/// Returns what answers a question for proof, by the password of the URL and no other.
fn proof(login: &Login, asked: &Authentication, scram: &mut Option<scram::Scram>) -> Result<Vec<u8>, End> {
    if let Authentication::Other(_) = asked {
        return Err(End::Greeted(
            "asks for a proof that wharf does not give, and was left at that".to_owned(),
        ));
    }
    let Some(password) = &login.password else { return Err(End::WantsPassword) };
    match asked {
        Authentication::Md5(salt) => {
            let inner = md5::hex([password.as_bytes(), login.user.as_bytes()].concat().as_slice());
            let outer = md5::hex(&[inner.as_bytes(), salt].concat());
            Ok(message::proof(format!("md5{outer}\0").as_bytes()))
        }
        Authentication::Sasl(mechanisms) if mechanisms.iter().any(|name| name == SCRAM) => {
            let mut random = [0; 18];
            if SystemRandom::new().fill(&mut random).is_err() {
                return Err(End::Greeted("the password was not checked: there is no randomness".to_owned()));
            }
            let begun = scram.insert(scram::Scram::new(random));
            Ok(message::sasl_first(SCRAM, &begun.first()))
        }
        Authentication::SaslContinue(data) => {
            match scram.as_ref().and_then(|scram| scram.last(password, data)) {
                Some(last) => Ok(message::proof(&last)),
                None => Err(End::Greeted(
                    "the password was not checked: its SCRAM makes no sense to wharf".to_owned(),
                )),
            }
        }
        Authentication::Sasl(_) => {
            Err(End::Greeted("the password was not checked: wharf knows none of its mechanisms".to_owned()))
        }
        _ => Ok(message::proof(&[password.as_bytes(), &[0]].concat())),
    }
}

const SCRAM: &str = "SCRAM-SHA-256";
const MESSAGES: usize = 100;

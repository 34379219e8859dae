//! Service managers (systemd's, of the system or of a user), asked over D-Bus: what a unit is, and that it be stopped.
//!
//! A manager's own socket (`systemd/private`) is asked first: it needs no bus, and lets in root and its own user alone. Else
//! the bus is. org.freedesktop.systemd1(5) tells the calls. Nobody is believed but root and the manager's own user
//! (SO_PEERCRED, socket(7)): anybody may put a socket into a folder of theirs. Every call has a limit, the first handshake too.
//!
//! Not here: which unit is to be stopped (`wharf-free`), and how properties and messages are read ([`properties`], [`wire`]).

use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures_core::Stream as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::time::{self, Instant};
use zbus::connection::Builder;
use zbus::message::{Flags, Type as MessageType};
use zbus::zvariant::{DynamicType, OwnedObjectPath, OwnedValue, Type};
use zbus::{Connection, Message, MessageStream};

#[path = "manager/properties.rs"]
mod properties;
#[path = "manager/wire.rs"]
mod wire;

use properties::{ListedUnit, Properties, listens_at};
use wire::Wire;

/// Whose service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// The machine's.
    System,
    /// That of the user with this id.
    User(u32),
}

/// What a manager tells of a unit that it has loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFacts {
    /// `Id`: its name, with the suffix that tells its kind. Not the alias that it was asked by.
    pub name: String,
    /// `Description`.
    pub description: String,
    /// `ActiveState`: `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`.
    pub active: String,
    /// `SubState`: of a service `running`, `auto-restart`; of a socket `listening`, `running`.
    pub sub: String,
    /// `MainPID` of a service, as the manager's pid namespace has it.
    pub main_pid: Option<u32>,
    /// `ControlGroup`: its path, as the manager's control group namespace has it.
    pub control_group: Option<String>,
    /// `UnitFileState`: `enabled`, `static`, `transient` …; empty where no file is behind it.
    pub file_state: String,
    /// `TriggeredBy`: sockets, timers and paths that start it.
    pub triggered_by: Vec<String>,
    /// `Triggers`: what it starts, which of a socket is its service.
    pub triggers: Vec<String>,
    /// `Restart` of a service: `no`, `always`, `on-failure` …
    pub restart: Option<String>,
    /// `Listen` of a socket: kind (`Stream`, `Datagram` …) and address.
    pub listen: Vec<(String, String)>,
}

impl UnitFacts {
    /// Whether it has come to rest: nothing of it runs, and nothing starts it again by itself.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        matches!(self.active.as_str(), "inactive" | "failed")
    }
}

/// Why a manager did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManagerError {
    /// Nobody answers where it should be.
    #[error("no systemd answers here: it does not run, or not for this user")]
    Absent,
    /// Polkit or the bus says no, or whoever is there is neither root nor the manager's user.
    #[error("systemd does not allow it: do it as root (sudo), or as the user whose unit it is")]
    Denied,
    /// It has no such unit loaded.
    #[error("systemd has no unit of that name loaded")]
    NoSuchUnit,
    /// No answer within the limit.
    #[error("systemd did not answer in time: look at `systemctl status`, then try again")]
    TimedOut,
    /// What it said, on one line that is safe to print.
    #[error("systemd: {0}")]
    Failed(String),
}

/// One connection to a service manager, with a limit on every call.
///
/// It runs a small runtime of its own, so it must not be used inside another one.
#[derive(Debug)]
pub struct Bus {
    // Dropped first: its tasks live in the runtime.
    connection: Connection,
    runtime: Runtime,
    limit: Duration,
}

impl Bus {
    /// Connects to `manager`; `limit` holds for that and for every call afterwards.
    ///
    /// # Errors
    /// [`ManagerError::Absent`] where nobody listens, [`ManagerError::Denied`] where somebody else does, or says no.
    pub fn open(manager: Manager, limit: Duration) -> Result<Self, ManagerError> {
        let trusted = match manager {
            Manager::System => 0,
            Manager::User(uid) => uid,
        };
        let mut why_not = ManagerError::Absent;
        for door in doors(manager) {
            let tried = runtime().and_then(|runtime| Self::through(&door, runtime, trusted, limit));
            match tried {
                Ok(bus) => return Ok(bus),
                Err(ManagerError::Absent) => {}
                Err(error) => why_not = error,
            }
        }
        Err(why_not)
    }

    /// Connects to the manager whose own socket is at `path`, and who must be root or the user `uid`.
    ///
    /// # Errors
    /// As [`Bus::open`].
    pub fn at(path: &Path, uid: u32, limit: Duration) -> Result<Self, ManagerError> {
        let door = Door { path: path.to_owned(), is_private: true };
        Self::through(&door, runtime()?, uid, limit)
    }

    /// Returns what the manager tells of the unit `name`.
    ///
    /// # Errors
    /// [`ManagerError::NoSuchUnit`] if it is not loaded, as every unit is that runs.
    pub fn unit(&self, name: &str) -> Result<UnitFacts, ManagerError> {
        self.within(self.limit, facts(&self.connection, name))
    }

    /// Returns the active socket units that listen at the TCP or UDP `port`.
    ///
    /// # Errors
    /// As [`ManagerError`] tells.
    pub fn socket_at(&self, port: u16) -> Result<Vec<UnitFacts>, ManagerError> {
        self.within(self.limit, async {
            let mut found = Vec::new();
            let patterns = (vec!["active", "activating"], vec!["*.socket"]);
            let listed: Vec<ListedUnit> = manage(&self.connection, "ListUnitsByPatterns", &patterns).await?;
            for unit in listed {
                match facts(&self.connection, &unit.name).await {
                    Ok(facts) if listens_at(&facts.listen, port) => found.push(facts),
                    // Gone meanwhile.
                    Ok(_) | Err(ManagerError::NoSuchUnit) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        })
    }

    /// Tells the manager to stop the unit `name`, instead of whatever else it was about to do with it. Returns when that is
    /// accepted: see [`Bus::wait_inactive`].
    ///
    /// # Errors
    /// [`ManagerError::Denied`] if that is not for this user to say.
    pub fn stop(&self, name: &str) -> Result<(), ManagerError> {
        self.within(self.limit, async {
            let _: OwnedObjectPath = manage(&self.connection, "StopUnit", &(name, "replace")).await?;
            Ok(())
        })
    }

    /// As [`Bus::stop`], but lets polkit ask the person at the desktop or terminal, who has `limit` to answer.
    ///
    /// # Errors
    /// As [`Bus::stop`].
    pub fn stop_asking(&self, name: &str, limit: Duration) -> Result<(), ManagerError> {
        self.within(limit, stop_asking(&self.connection, name))
    }

    /// Waits until the unit `name` has come to rest, or is no more; false if it has not within `limit`.
    ///
    /// # Errors
    /// As [`Bus::unit`].
    pub fn wait_inactive(&self, name: &str, limit: Duration) -> Result<bool, ManagerError> {
        self.within(limit.saturating_add(self.limit), async {
            let deadline = Instant::now() + limit;
            loop {
                match time::timeout(self.limit, facts(&self.connection, name)).await {
                    Ok(Ok(facts)) if !facts.is_at_rest() => {}
                    Ok(Ok(_) | Err(ManagerError::NoSuchUnit)) => return Ok(true),
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Err(ManagerError::TimedOut),
                }
                if Instant::now() >= deadline {
                    return Ok(false);
                }
                time::sleep(PAUSE).await;
            }
        })
    }

    /// Connects through `door`, where nobody is believed but root and the user `trusted`.
    fn through(door: &Door, runtime: Runtime, trusted: u32, limit: Duration) -> Result<Self, ManagerError> {
        let connecting = async {
            let stream = UnixStream::connect(&door.path).await.map_err(|error| of_io(&error))?;
            let peer = stream.peer_cred().map_err(|error| of_io(&error))?;
            if !is_believed(peer.uid(), trusted) {
                return Err(ManagerError::Denied);
            }
            talk(stream, door.is_private).await
        };
        let limited = runtime.block_on(async { time::timeout(limit, connecting).await });
        let connection = limited.unwrap_or(Err(ManagerError::TimedOut))?;
        Ok(Self { connection, runtime, limit })
    }

    fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, ManagerError>>,
    ) -> Result<T, ManagerError> {
        let limited = self.runtime.block_on(async { time::timeout(limit, work).await });
        limited.unwrap_or(Err(ManagerError::TimedOut))
    }
}

/// Whether somebody of this user may be the manager of `trusted`.
fn is_believed(uid: u32, trusted: u32) -> bool {
    uid == 0 || uid == trusted
}

/// A socket where a manager may be asked.
#[derive(Debug, PartialEq, Eq)]
struct Door {
    path: PathBuf,
    /// Whether the manager itself is behind it, and no bus.
    is_private: bool,
}

/// Returns where `manager` may be asked, the best first.
fn doors(manager: Manager) -> Vec<Door> {
    match manager {
        Manager::System => vec![
            Door { path: "/run/systemd/private".into(), is_private: true },
            Door { path: "/run/dbus/system_bus_socket".into(), is_private: false },
        ],
        Manager::User(uid) => {
            let own = rustix::process::getuid().as_raw() == uid;
            let told = own.then(|| std::env::var_os("XDG_RUNTIME_DIR")).flatten().map(PathBuf::from);
            user_doors(told, uid)
        }
    }
}

/// Returns where the manager of the user `uid` may be asked: in the runtime folder that the environment tells, and in the
/// one that pam_systemd(8) makes.
fn user_doors(told: Option<PathBuf>, uid: u32) -> Vec<Door> {
    let usual = PathBuf::from(format!("/run/user/{uid}"));
    let mut folders: Vec<PathBuf> = told.into_iter().filter(|path| path.is_absolute()).collect();
    if !folders.contains(&usual) {
        folders.push(usual);
    }
    let private =
        folders.iter().map(|folder| Door { path: folder.join("systemd/private"), is_private: true });
    let bus = folders.iter().map(|folder| Door { path: folder.join("bus"), is_private: false });
    private.chain(bus).collect()
}

fn runtime() -> Result<Runtime, ManagerError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| of_io(&error))
}

/// Begins to speak D-Bus: with the manager itself, or with a bus.
async fn talk(stream: UnixStream, is_private: bool) -> Result<Connection, ManagerError> {
    let builder = Builder::socket(Wire(stream));
    let builder = if is_private { builder.p2p() } else { builder };
    let connection = builder.build().await.map_err(of_bus)?;
    if is_private {
        wake(&connection).await?;
    }
    Ok(connection)
}

/// Gets a first answer out of a manager.
///
/// What systemd reads together with the end of the handshake it keeps until something else comes (seen with 252). So it is
/// asked again, and not waited for in vain.
async fn wake(connection: &Connection) -> Result<(), ManagerError> {
    loop {
        let ping = call(connection, MANAGER_PATH, "org.freedesktop.DBus.Peer", "Ping", &());
        if let Ok(answer) = time::timeout(PAUSE, ping).await {
            return answer;
        }
    }
}

/// Calls a method of the manager.
async fn manage<B, R>(connection: &Connection, method: &str, body: &B) -> Result<R, ManagerError>
where
    B: Serialize + DynamicType,
    R: DeserializeOwned + Type,
{
    call(connection, MANAGER_PATH, MANAGER, method, body).await
}

async fn call<B, R>(
    connection: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<R, ManagerError>
where
    B: Serialize + DynamicType,
    R: DeserializeOwned + Type,
{
    let answer = connection.call_method(Some(DESTINATION), path, Some(interface), method, body).await;
    answer.map_err(of_bus)?.body().deserialize().map_err(of_bus)
}

/// Calls `StopUnit`, and lets polkit ask a person; zbus keeps that flag to its proxies, which take 0.2 MB.
async fn stop_asking(connection: &Connection, name: &str) -> Result<(), ManagerError> {
    let message = Message::method_call(MANAGER_PATH, "StopUnit")
        .and_then(|message| message.destination(DESTINATION)?.interface(MANAGER))
        .and_then(|message| message.with_flags(Flags::AllowInteractiveAuth)?.build(&(name, "replace")))
        .map_err(of_bus)?;
    let mut messages = pin!(MessageStream::from(connection));
    connection.send(&message).await.map_err(of_bus)?;
    let serial = Some(message.primary_header().serial_num());
    while let Some(answer) = poll_fn(|context| messages.as_mut().poll_next(context)).await {
        let answer = answer.map_err(of_bus)?;
        if answer.header().reply_serial() == serial {
            let refused = answer.message_type() == MessageType::Error;
            return if refused { Err(of_bus(answer.into())) } else { Ok(()) };
        }
    }
    Err(ManagerError::Failed("it hung up".to_owned()))
}

/// Asks for what there is to know of a unit.
async fn facts(connection: &Connection, name: &str) -> Result<UnitFacts, ManagerError> {
    let path: OwnedObjectPath = manage(connection, "GetUnit", &(name,)).await?;
    let common: Properties = call(connection, &path, PROPERTIES, "GetAll", &(UNIT,)).await?;
    let mut facts = properties::of_unit(common);
    let (interface, names) = properties::of_kind(&facts.name);
    let mut special = Properties::new();
    for name in names {
        let value: OwnedValue = call(connection, &path, PROPERTIES, "Get", &(interface, name)).await?;
        special.insert((*name).to_owned(), value);
    }
    properties::add(&mut facts, special);
    Ok(facts)
}

fn of_io(error: &io::Error) -> ManagerError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ManagerError::Absent,
        io::ErrorKind::PermissionDenied => ManagerError::Denied,
        // The queue of whoever listens is full: connect(2).
        io::ErrorKind::WouldBlock => ManagerError::TimedOut,
        _ => ManagerError::Failed(one_line(&error.to_string())),
    }
}

fn of_bus(error: zbus::Error) -> ManagerError {
    match error {
        zbus::Error::MethodError(name, text, _) => of_reply(name.as_str(), text.as_deref()),
        zbus::Error::InputOutput(error) => of_io(&error),
        // A manager that lets nobody in but root and its user just hangs up.
        zbus::Error::Handshake(_) => ManagerError::Denied,
        other => ManagerError::Failed(one_line(&other.to_string())),
    }
}

/// Returns what an error reply means. The names are those of bus-common-errors.h of systemd, and of the D-Bus specification.
fn of_reply(name: &str, text: Option<&str>) -> ManagerError {
    match name {
        "org.freedesktop.systemd1.NoSuchUnit" | "org.freedesktop.systemd1.LoadFailed" => {
            ManagerError::NoSuchUnit
        }
        "org.freedesktop.DBus.Error.AccessDenied"
        | "org.freedesktop.DBus.Error.AuthFailed"
        | "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired" => ManagerError::Denied,
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner"
        | "org.freedesktop.DBus.Error.Spawn.ServiceNotFound" => ManagerError::Absent,
        "org.freedesktop.DBus.Error.NoReply"
        | "org.freedesktop.DBus.Error.Timeout"
        | "org.freedesktop.DBus.Error.TimedOut" => ManagerError::TimedOut,
        _ => ManagerError::Failed(one_line(text.unwrap_or(name))),
    }
}

/// Returns what somebody else wrote as one short line without control characters.
fn one_line(text: &str) -> String {
    let kept = text.chars().take(LINE).map(|letter| if letter.is_control() { ' ' } else { letter });
    kept.collect::<String>().trim_end().trim_end_matches('.').to_owned()
}

const DESTINATION: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
/// Between two looks at a unit that is about to stop, and between two attempts to get a first answer.
const PAUSE: Duration = Duration::from_millis(20);
/// What is kept of somebody else's sentence, in characters.
const LINE: usize = 300;

#[cfg(test)]
#[path = "manager/tests.rs"]
mod tests;

//! Where leases are kept: one SQLite file, shared by many processes.
//!
//! Every change is one transaction that takes the write lock before it reads, so that two processes never choose one
//! port; they take turns by a lock on a file beside it. The schema has a version (`PRAGMA user_version`), and migrations
//! only go forward. Not here: the file's place and its rights (`wharf-os`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use wharf_model::lease::{Lease, LeaseName};
use wharf_model::timestamp::Timestamp;
use wharf_os::turn::{self, Turn};

use crate::name;

/// The leases of one user.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// The file on which writers wait for their turn.
    turns: PathBuf,
}

/// Who asks for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The name, as its project makes it.
    pub name: LeaseName,
    /// The directory that the service belongs to. Root and service are the identity, the rest may change.
    pub root: String,
    /// Port that the program asks for by itself; `None` for the one it is told.
    pub asked_port: Option<u16>,
}

/// What the world says to a choice.
pub trait World {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;

    /// Returns whether the directory is there: the leases of one that is gone may be taken over.
    fn exists(&self, root: &str) -> bool;

    /// Returns a port for which `is_taken` does not hold; `None` if there is none.
    fn choose(&self, claim: &Claim, is_taken: &dyn Fn(u16) -> bool) -> Option<u16>;
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite failed.
    #[error("leases: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A later wharf wrote the file.
    #[error(
        "the leases were written by a later wharf (format {found}, this one knows {known}): update wharf"
    )]
    Later {
        /// Version in the file.
        found: i64,
        /// Version of this program.
        known: i64,
    },
    /// Every port of the range is taken.
    #[error("no port is left in wharf's range: remove leases (wharf lease ls, wharf lease rm NAME)")]
    NoPort,
    /// The port belongs to another lease.
    #[error("port {port} is leased to {holder}: remove that lease first (wharf lease rm {holder})")]
    Taken {
        /// The port.
        port: u16,
        /// Whose it is.
        holder: LeaseName,
    },
}

impl Store {
    /// Opens the file, making it if it is not there and bringing an older format up to date.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] if it cannot be read or written, [`StoreError::Later`] if its format is unknown.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        let mut store = Self { connection, turns: path.with_extension("turns") };
        store.prepare()?;
        store.migrate()?;
        Ok(store)
    }

    fn prepare(&self) -> Result<(), StoreError> {
        let connection = &self.connection;
        // Not within a transaction, and kept in the file: only the first caller changes anything.
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if mode != "wal" {
            let _turn = self.turn();
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        }
        // With a write-ahead log, a power cut can lose the last leases but never harms the file.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(())
    }

    /// Waits until it is this process's turn to write. SQLite's own waiting is a matter of luck: it looks again every tenth
    /// of a second, and of a thousand that wait some are never lucky. Without a turn it goes on by that alone.
    fn turn(&self) -> Option<Turn> {
        turn::take(&self.turns, PATIENCE).ok()
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let known = i64::try_from(MIGRATIONS.len()).expect("a handful");
        if self.version()? == known {
            return Ok(());
        }
        let _turn = self.turn();
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read again under the lock: another process may have done it meanwhile.
        let found: i64 = change.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let Some(missing) = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) else {
            return Err(StoreError::Later { found, known });
        };
        for migration in missing {
            change.execute_batch(migration)?;
        }
        change.pragma_update(None, "user_version", known)?;
        Ok(change.commit()?)
    }

    fn version(&self) -> Result<i64, StoreError> {
        Ok(self.connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
    }

    /// Returns the lease that answers `claim`, giving one if there is none.
    ///
    /// # Errors
    /// [`StoreError::NoPort`] if none is left.
    pub fn lease(&mut self, claim: &Claim, world: &dyn World) -> Result<Lease, StoreError> {
        // Most are asked for again and again, and then there is nothing to write.
        if let Some(known) = find(&self.connection, claim)?
            && known.name == claim.name
            && (0..USED_STEP_MS).contains(&world.now().ms_since(known.used_at))
        {
            return Ok(known);
        }
        let _turn = self.turn();
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let name = unique_name(&change, claim, world)?;
        let now = world.now();
        let lease = match find(&change, claim)? {
            Some(known) => {
                change.execute(
                    "UPDATE leases SET service = ?2, worktree = ?3, project = ?4, used_ms = ?5 WHERE id = ?1",
                    params![known.id, name.service, name.worktree, name.project, now.unix_ms()],
                )?;
                Lease { name, used_at: now, ..known }
            }
            None => {
                let taken = ports(&change)?;
                let port = world
                    .choose(claim, &|port| taken.binary_search(&port).is_ok())
                    .filter(|port| taken.binary_search(port).is_err())
                    .ok_or(StoreError::NoPort)?;
                insert(&change, claim, name, port, now)?
            }
        };
        change.commit()?;
        Ok(lease)
    }

    /// Returns the lease that answers `claim`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn find(&self, claim: &Claim) -> Result<Option<Lease>, StoreError> {
        find(&self.connection, claim)
    }

    /// Gives `claim` the number `port` for good, moving its lease there if it has another.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if another lease has the port.
    pub fn pin(&mut self, claim: &Claim, port: u16, world: &dyn World) -> Result<Lease, StoreError> {
        let _turn = self.turn();
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let name = unique_name(&change, claim, world)?;
        let known = find(&change, claim)?;
        if let Some(holder) = at_port(&change, port)?
            && known.as_ref().is_none_or(|known| known.id != holder.id)
        {
            return Err(StoreError::Taken { port, holder: holder.name });
        }
        if known.is_none() {
            insert(&change, claim, name, port, world.now())?;
        }
        change.execute(
            "UPDATE leases SET port = ?4, pinned = 1, fence = fence + 1
             WHERE root = ?1 AND key = ?2 AND asked_port = ?3",
            params![claim.root, claim.name.service, claim.asked_port.unwrap_or(0), port],
        )?;
        let lease = find(&change, claim)?.expect("it was inserted or found");
        change.commit()?;
        Ok(lease)
    }

    /// Says of a lease whether it is handed to a program that runs without wharf, and returns it as it is then; `None`
    /// if it is gone.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn hand_out(&mut self, lease: &Lease, is_handed_out: bool) -> Result<Option<Lease>, StoreError> {
        let _turn = self.turn();
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        change
            .execute("UPDATE leases SET handed_out = ?2 WHERE id = ?1", params![lease.id, is_handed_out])?;
        let lease = at_port(&change, lease.port)?.filter(|found| found.id == lease.id);
        change.commit()?;
        Ok(lease)
    }

    /// Returns a number that is another after each change that was made by other connections to the file
    /// (`PRAGMA data_version`).
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn version_of_others(&self) -> Result<i64, StoreError> {
        Ok(self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Removes every lease called `name` and returns them.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn remove(&mut self, name: &str) -> Result<Vec<Lease>, StoreError> {
        let _turn = self.turn();
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut removed = all(&change)?;
        removed.retain(|lease| lease.name.to_string() == name);
        for lease in &removed {
            change.execute("DELETE FROM leases WHERE id = ?1", [&lease.id])?;
        }
        change.commit()?;
        Ok(removed)
    }

    /// Removes a lease as it was given, unless somebody has asked for it since. Returns whether that was done.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn forget(&mut self, lease: &Lease) -> Result<bool, StoreError> {
        let _turn = self.turn();
        let count = self.connection.execute(
            "DELETE FROM leases WHERE id = ?1 AND fence = ?2 AND used_ms = ?3",
            params![lease.id, lease.fence.cast_signed(), lease.used_at.unix_ms()],
        )?;
        Ok(count > 0)
    }

    /// Returns the lease that has `port`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn at_port(&self, port: u16) -> Result<Option<Lease>, StoreError> {
        at_port(&self.connection, port)
    }

    /// Returns the leases of programs in the directory `root` that asked for `port`, the one that was used last first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn asked_for(&self, root: &str, port: u16) -> Result<Vec<Lease>, StoreError> {
        let mut found = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE root = ?1 AND asked_port = ?2 ORDER BY used_ms DESC"))?;
        let leases = found.query_map(params![root, port], lease)?;
        Ok(leases.collect::<Result<_, _>>()?)
    }

    /// Returns all leases, by project, work tree, service and port.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<Lease>, StoreError> {
        all(&self.connection)
    }
}

/// Returns the name of `claim`, told apart from the same name of another directory. A directory that is gone leaves
/// its leases to the next of its name.
fn unique_name(change: &Transaction<'_>, claim: &Claim, world: &dyn World) -> Result<LeaseName, StoreError> {
    let others = |name: &LeaseName| -> Result<Vec<String>, StoreError> {
        let mut asked = change.prepare_cached(
            "SELECT DISTINCT root FROM leases
             WHERE service = ?1 AND worktree IS ?2 AND project = ?3 AND root <> ?4",
        )?;
        let roots = asked
            .query_map(params![name.service, name.worktree, name.project, claim.root], |row| {
                row.get::<_, String>(0)
            })?;
        Ok(roots.collect::<Result<_, _>>()?)
    };
    let mut is_free = true;
    for root in others(&claim.name)? {
        if world.exists(&root) {
            is_free = false;
        } else {
            change.execute("UPDATE OR IGNORE leases SET root = ?1 WHERE root = ?2", [&claim.root, &root])?;
            change.execute("DELETE FROM leases WHERE root = ?1", [&root])?;
        }
    }
    if is_free {
        return Ok(claim.name.clone());
    }
    let project = name::told_apart(&claim.name.project, &claim.root);
    Ok(LeaseName { project, ..claim.name.clone() })
}

fn find(connection: &Connection, claim: &Claim) -> Result<Option<Lease>, StoreError> {
    let asked = claim.asked_port.unwrap_or(0);
    let mut found =
        connection.prepare_cached(&format!("{SELECT} WHERE root = ?1 AND key = ?2 AND asked_port = ?3"))?;
    Ok(found.query_row(params![claim.root, claim.name.service, asked], lease).optional()?)
}

fn at_port(connection: &Connection, port: u16) -> Result<Option<Lease>, StoreError> {
    let mut found = connection.prepare_cached(&format!("{SELECT} WHERE port = ?1"))?;
    Ok(found.query_row([port], lease).optional()?)
}

fn all(connection: &Connection) -> Result<Vec<Lease>, StoreError> {
    let mut found =
        connection.prepare_cached(&format!("{SELECT} ORDER BY project, worktree, service, port"))?;
    let leases = found.query_map([], lease)?;
    Ok(leases.collect::<Result<_, _>>()?)
}

/// Returns every leased port, ascending.
fn ports(connection: &Connection) -> Result<Vec<u16>, StoreError> {
    let mut found = connection.prepare_cached("SELECT port FROM leases ORDER BY port")?;
    let ports = found.query_map([], |row| row.get(0))?;
    Ok(ports.collect::<Result<_, _>>()?)
}

fn insert(
    change: &Transaction<'_>,
    claim: &Claim,
    name: LeaseName,
    port: u16,
    now: Timestamp,
) -> Result<Lease, StoreError> {
    let random: [u8; 10] = change.query_row("SELECT randomblob(10)", [], |row| row.get(0))?;
    let id = ulid(now.unix_ms(), random);
    change.execute(
        "INSERT INTO leases
         (id, root, key, service, worktree, project, asked_port, port, pinned, fence, created_ms, used_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 1, ?9, ?9)",
        params![
            id,
            claim.root,
            claim.name.service,
            name.service,
            name.worktree,
            name.project,
            claim.asked_port.unwrap_or(0),
            port,
            now.unix_ms()
        ],
    )?;
    Ok(Lease {
        id,
        name,
        root: claim.root.clone(),
        asked_port: claim.asked_port,
        port,
        pinned: false,
        handed_out: false,
        fence: 1,
        created_at: now,
        used_at: now,
    })
}

fn lease(row: &Row<'_>) -> rusqlite::Result<Lease> {
    let instant = |index: usize| -> rusqlite::Result<Timestamp> {
        let ms = row.get(index)?;
        Timestamp::from_unix_ms(ms).ok_or(rusqlite::Error::IntegralValueOutOfRange(index, ms))
    };
    let asked_port: u16 = row.get(5)?;
    Ok(Lease {
        id: row.get(0)?,
        root: row.get(1)?,
        name: LeaseName { service: row.get(2)?, worktree: row.get(3)?, project: row.get(4)? },
        asked_port: Some(asked_port).filter(|&port| port != 0),
        port: row.get(6)?,
        pinned: row.get(7)?,
        fence: row.get::<_, i64>(8)?.unsigned_abs(),
        created_at: instant(9)?,
        used_at: instant(10)?,
        handed_out: row.get(11)?,
    })
}

/// Returns a ULID: 48 bits of time and 80 of chance in Crockford's base 32, which sort by time
/// (<https://github.com/ulid/spec>).
fn ulid(unix_ms: i64, random: [u8; 10]) -> String {
    let chance = random.iter().fold(0_u128, |sum, &byte| sum << 8 | u128::from(byte));
    // Before 1970 there were no leases.
    let bits = u128::from(unix_ms.unsigned_abs() & 0xffff_ffff_ffff) << 80 | chance;
    (0..26).rev().map(|digit| char::from(CROCKFORD[(bits >> (digit * 5) & 31) as usize])).collect()
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How long a process waits for its turn: a thousand before it take some seconds, and one that is stopped in its turn
/// stops nobody for good.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a process waits for another's transaction, each of which takes well under a millisecond.
const BUSY: Duration = Duration::from_secs(10);

/// How exact it is known when a lease was used last.
const USED_STEP_MS: i64 = 60_000;

const SELECT: &str =
    "SELECT id, root, service, worktree, project, asked_port, port, pinned, fence, created_ms, used_ms, handed_out
     FROM leases";

/// From each version of the format to the next; never changed once released, only added to.
///
/// `root` and `key` (the service's label as claimed) are the identity; `asked_port` is 0 for the port that the
/// program is told.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE leases (
    id TEXT PRIMARY KEY,
    root TEXT NOT NULL,
    key TEXT NOT NULL,
    service TEXT NOT NULL,
    worktree TEXT,
    project TEXT NOT NULL,
    asked_port INTEGER NOT NULL,
    port INTEGER NOT NULL UNIQUE CHECK (port BETWEEN 1 AND 65535),
    pinned INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    UNIQUE (root, key, asked_port)
) STRICT;
",
    "
ALTER TABLE leases ADD COLUMN handed_out INTEGER NOT NULL DEFAULT 0;
",
];

#[cfg(test)]
mod tests;

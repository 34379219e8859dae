//! Binary protocols of databases and brokers, each opened by words that no login follows.

pub(super) mod bolt;
pub(super) mod cassandra;
pub(super) mod kafka;
pub(super) mod mongodb;
pub(super) mod mssql;
pub(super) mod postgresql;
pub(super) mod rmi;

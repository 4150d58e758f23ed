//! Against real servers on this machine.

mod aggregates;
mod answers;
mod limits;
mod network;
mod retries;
mod secrecy;
mod server;
mod simulated;

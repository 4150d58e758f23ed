//! Against real servers on this machine.

mod answers;
mod server;

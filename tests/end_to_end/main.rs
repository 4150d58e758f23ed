//! What a user of the real binaries meets: processes, signals, full disks, broken files, and what is said of them.
//!
//! Every case works in a folder of its own. [`everflow`] makes the input, [`process`] runs the binaries, [`lake_files`]
//! looks at a lake as a stranger would: as files, and through the parquet crate. None of the three shares code with
//! what is tested.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command_line;
mod crash;
mod everflow;
mod faults;
mod lake_files;
mod memory;
mod process;
mod readers;
mod signals;

//! The planner against a server that is a list of clicks.

mod checks;
mod model;
mod random_traffic;
mod requests_needed;
mod traffic;

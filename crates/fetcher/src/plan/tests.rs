//! The planner against a server that is a list of clicks.

mod model;
mod random_traffic;

//! fetcher
fn main(){}

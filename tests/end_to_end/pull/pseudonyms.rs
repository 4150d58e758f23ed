//! `pull --pseudonymize`: the same clicks and the same proof, and no address of a visitor.

use std::collections::BTreeSet;

use simulator::server::{Additions, Content};
use simulator::{Config, Traffic};

use super::*;

const PSEUDONYM_KEY: &str = "a key of pseudonyms, long enough";

/// The texts of a column.
fn texts_of(lake: &Path, column: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in lake_files::partitions(lake) {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let mask = ProjectionMask::columns(builder.parquet_schema(), [column]);
        for batch in builder.with_projection(mask).build().unwrap() {
            found.extend(batch.unwrap().column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
        }
    }
    found
}

#[test]
fn pseudonyms_are_all_that_differs() {
    let from = (now() - 5 * DAY).div_euclid(DAY) * DAY;
    let to = from + DAY - 1;
    let date = DateTime::<Utc>::from_timestamp(from, 0).unwrap().date_naive();
    let config = Config { days: 1, clicks_per_day: 2000, ..Config::new(7, date) };
    let scene = Scene::new(Vec::new());
    scene.server.set_content(Content::of_traffic(Traffic::new(config).unwrap(), &Additions::default()));
    let line = format!("--source invalid-clicks --from {} --to {}", time(from), time(to));
    let plain = scene.pull(&line).output().unwrap();
    assert!(plain.status.success(), "{}", String::from_utf8_lossy(&plain.stderr));

    let other = scene.path("other");
    let pull = |flags: &str| scene.pull_into(&other, &format!("{line} --pseudonymize {flags}"));
    let refused = pull("").env_remove("CLICKPROOF_PSEUDONYM_KEY").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    assert!(!other.exists(), "nothing may be made before the key is known");

    let output = pull("--keep-raw raw").env("CLICKPROOF_PSEUDONYM_KEY", PSEUDONYM_KEY).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("hold addresses as they came"), "{said}");
    assert!(!said.contains(PSEUDONYM_KEY));
    assert_eq!(clicks_of(&other), clicks_of(&scene.lake()));
    assert!(is_covered(&other, from, to));

    let (addresses, hidden) = (texts_of(&scene.lake(), "user_ip"), texts_of(&other, "user_ip"));
    // Masked ones are the same in both.
    let open = |address: &&String| address.parse::<std::net::IpAddr>().is_ok();
    assert!(addresses.iter().filter(open).count() > 10, "the test looks in the wrong place: {addresses:?}");
    assert_eq!(hidden.iter().find(open), None);
    for (path, bytes) in lake_files::bytes_of(&other) {
        let has_key = bytes.windows(PSEUDONYM_KEY.len()).any(|window| window == PSEUDONYM_KEY.as_bytes());
        assert!(!has_key, "the key is in {}", path.display());
    }
}

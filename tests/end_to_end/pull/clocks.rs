//! Days on which clocks change, asked for in local time.

use super::*;
use crate::process::succeed;

/// A local day, and its first and last second in UTC.
struct LocalDay {
    zone: &'static str,
    day: &'static str,
    first: &'static str,
    last: &'static str,
    hours: f64,
}

/// By the tables of the IANA database.
const DAYS: [LocalDay; 6] = [
    LocalDay {
        zone: "America/New_York",
        day: "2026-03-08",
        first: "2026-03-08T05:00:00Z",
        last: "2026-03-09T03:59:59Z",
        hours: 23.0,
    },
    LocalDay {
        zone: "America/New_York",
        day: "2026-11-01",
        first: "2026-11-01T04:00:00Z",
        last: "2026-11-02T04:59:59Z",
        hours: 25.0,
    },
    LocalDay {
        zone: "Europe/Berlin",
        day: "2026-03-29",
        first: "2026-03-28T23:00:00Z",
        last: "2026-03-29T21:59:59Z",
        hours: 23.0,
    },
    LocalDay {
        zone: "Europe/Berlin",
        day: "2025-10-26",
        first: "2025-10-25T22:00:00Z",
        last: "2025-10-26T22:59:59Z",
        hours: 25.0,
    },
    LocalDay {
        zone: "Australia/Lord_Howe",
        day: "2026-04-05",
        first: "2026-04-04T13:00:00Z",
        last: "2026-04-05T13:29:59Z",
        hours: 24.5,
    },
    LocalDay {
        zone: "Australia/Lord_Howe",
        day: "2025-10-05",
        first: "2025-10-04T13:30:00Z",
        last: "2025-10-05T12:59:59Z",
        hours: 23.5,
    },
];

#[test]
fn a_local_day_on_which_clocks_change_yields_exactly_its_clicks() {
    for LocalDay { zone, day, first, last, hours } in DAYS {
        let [first, last] = [first, last].map(|text| DateTime::parse_from_rfc3339(text).unwrap().timestamp());
        assert_eq!((last - first + 1) as f64, hours * 3600.0, "{day} in {zone}");
        if last > now() - HOUR {
            continue;
        }
        // One click every ten minutes from the day before to the day after, and one at each edge.
        let mut clicks = regular(first - DAY, last + DAY, 600);
        for edge in [first - 1, first, last, last + 1] {
            clicks.push(refused(edge, format!("edge-{edge}")));
        }
        let scene = Scene::new(clicks);
        scene.server.configure(|settings| settings.retention = simulator::server::Retention::Forever);
        let line = format!("--source invalid-clicks --from {day} --to {day} --timezone {zone} --retention 100months");
        succeed(&mut scene.pull(&line));
        assert_eq!(clicks_of(&scene.lake()), scene.truth(first, last), "{day} in {zone}");
        assert!(is_covered(&scene.lake(), first, last));
        assert!(!is_covered(&scene.lake(), first - 1, first) && !is_covered(&scene.lake(), last, last + 1));
        let asked = scene.server.received();
        assert!(asked.iter().all(|request| request.json()["timezone_id"] == 67), "asked in another zone than UTC");
    }
}

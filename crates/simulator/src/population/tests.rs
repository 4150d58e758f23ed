//! What a population promises.

use super::*;

fn config(percent: Option<u32>) -> PopulationConfig {
    let from = "2026-03-02".parse().unwrap();
    PopulationConfig { contamination_percent: percent, clicks: 20_000, lean: true, ..PopulationConfig::new(3, from) }
}

#[test]
fn every_attack_comes_twice_with_its_share_of_clicks() {
    for percent in [20, 100] {
        let truths: Vec<Truth> = Population::new(config(Some(percent))).affiliates().map(|(truth, _)| truth).collect();
        assert_eq!(truths.len(), 400);
        for archetype in Archetype::ALL {
            let of = truths.iter().filter(|truth| truth.role == Role::Attack(archetype)).collect::<Vec<_>>();
            assert_eq!(of.len(), 2, "{archetype}");
            for truth in of {
                let share = 100 * truth.attack_clicks / truth.clicks;
                assert!(share.abs_diff(percent as usize) <= 4, "{truth:?}");
            }
        }
        let sleepers = truths.iter().filter(|truth| matches!(truth.role, Role::Sleeper(_)));
        assert_eq!(sleepers.filter(|truth| truth.start_day == 5).count(), 2);
    }
}

#[test]
fn without_an_attack_nobody_attacks_and_sizes_are_heavy_tailed() {
    let population = Population::new(config(None));
    let mut sizes: Vec<usize> = population
        .affiliates()
        .map(|(truth, rows)| {
            assert_eq!((truth.attack_clicks, truth.clicks), (0, rows.len()));
            rows.len()
        })
        .collect();
    sizes.sort_unstable();
    let total: usize = sizes.iter().sum();
    assert!((15_000..22_000).contains(&total), "{total}");
    assert!(sizes[360..].iter().sum::<usize>() * 2 > total, "a tenth brings half");
    assert!(sizes[20] < 15, "some are tiny: {}", sizes[20]);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_clicks_in_order_within_the_week() {
    let rows = |population: Population| population.affiliates().take(40).flat_map(|(_, rows)| rows).collect::<Vec<_>>();
    let once = rows(Population::new(config(Some(50))));
    assert_eq!(once, rows(Population::new(config(Some(50)))));
    assert_ne!(once, rows(Population::new(PopulationConfig { seed: 4, ..config(Some(50)) })));
    let mut ids = std::collections::HashSet::new();
    for row in &once {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let time = row["unix_timestamp"].as_i64().unwrap();
        assert!((1_772_409_600..1_772_409_600 + DAYS * DAY_SECONDS).contains(&time), "{time}");
        assert!(ids.insert(row["transaction_id"].as_str().unwrap().to_owned()));
    }
}

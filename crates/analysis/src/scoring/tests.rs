use std::collections::HashMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, Normal};

use super::evidence::decades;
use super::rates::Prior;
use super::*;

mod learned;
mod tiers;

/// Values of scipy 1.17: `betabinom.sf(x - 1) - betabinom.pmf(x) / 2`, and `t.sf(z, 10)`.
#[test]
fn evidence_agrees_with_scipy() {
    for (x, n, alpha, beta, expected) in [
        (30.0, 100.0, 2.0_f64, 18.0, 0.015_521_834_931_639_93),
        (5.0, 40.0, 1.5, 60.0, 0.013_417_226_732_496_73),
        (0.0, 50.0, 1.0, 99.0, 0.667_785_234_899_329),
        (50.0, 50.0, 5.0, 5.0, 1.258_392_780_747_504_3e-5),
    ] {
        let mean = alpha / (alpha + beta);
        let prior = Prior { scale: 1.0, dispersion: 1.0 / (alpha + beta + 1.0), pooled: mean };
        let found = prior.evidence(&seen(x, n)).unwrap();
        assert!((found.p / expected - 1.0).abs() < 1e-9, "{x} of {n}: {}, not {expected}", found.p);
        let expected = if x / n > mean { decades(expected) } else { 0.0 };
        assert!((found.decades - expected).abs() < 1e-9, "{x} of {n}: {found:?}");
    }
    for (p, expected) in
        [(0.170_446_566_151_03, 0.467_381_748_062_286_83), (5.887_471_394_833_083e-6, 4.929_041_194_279_122)]
    {
        assert!((decades(p) - expected).abs() < 1e-9);
    }
    assert_eq!((decades(0.9), decades(1e-9)), (0.0, 6.0));
    // 21 values of 0 to 20 but for one: z = (25 - 9.5) / spread, spread = max(1.4826 * 5, (17.1 - 1.9) / 2.5631).
    let mut values: Vec<f64> = (0..20).map(f64::from).collect();
    values.push(25.0);
    let column: Vec<_> = values.iter().map(|value| Some(seen(*value, 1_000.0))).collect();
    let found = shapes::evidence(&column, 200)[20].unwrap();
    assert!((found.z.unwrap() - 15.5 / 7.413_011_092_528_01).abs() < 1e-9, "{found:?}");
    assert!((found.p - 0.031_515_88).abs() < 1e-7, "{found:?}");
}

#[test]
fn the_fit_recovers_known_priors() {
    let mut random = Random(7);
    let honest: Vec<Observation> = (0..600).map(|_| random.rate(3.0, 57.0, None)).collect();
    let prior = Prior::fit(&honest).unwrap();
    let mean = prior.scale * prior.pooled;
    assert!((mean / 0.05 - 1.0).abs() < 0.06, "{prior:?}");
    assert!((prior.dispersion * 61.0 - 1.0).abs() < 0.2, "{prior:?}");

    let fraud = (0..40).map(|_| random.rate(20.0, 20.0, None));
    let mixed: Vec<Observation> = honest.into_iter().chain(fraud).collect();
    let prior = Prior::fit(&mixed).unwrap();
    let mean = prior.scale * prior.pooled;
    assert!((mean / 0.05 - 1.0).abs() < 0.1, "fraud moved the mean: {prior:?}");
    assert!((prior.dispersion * 61.0 - 1.0).abs() < 0.35, "fraud moved the dispersion: {prior:?}");

    // Each has a mix of its own, and everybody 1.3 times what it lets expect.
    let mixes = (0..600).map(|index| 0.02 + 0.1 * f64::from(index % 7) / 6.0);
    let of_mix = |expected: f64| random.rate(1.3 * expected * 80.0, (1.0 - 1.3 * expected) * 80.0, Some(expected));
    let prior = Prior::fit(&mixes.map(of_mix).collect::<Vec<_>>()).unwrap();
    assert!((prior.scale / 1.3 - 1.0).abs() < 0.05, "{prior:?}");
    assert!((prior.dispersion * 81.0 - 1.0).abs() < 0.2, "{prior:?}");
}

#[test]
fn p_values_of_honest_rates_are_uniform() {
    let mut random = Random(11);
    let honest: Vec<Observation> = (0..2_000).map(|_| random.rate(2.0, 60.0, None)).collect();
    let prior = Prior::fit(&honest).unwrap();
    let p: Vec<f64> = honest.iter().map(|seen| prior.evidence(seen).unwrap().p).collect();
    for threshold in [0.01, 0.1, 0.5, 0.9] {
        let share = p.iter().filter(|p| **p <= threshold).count() as f64 / p.len() as f64;
        let error = 3.0 * (threshold * (1.0 - threshold) / p.len() as f64).sqrt() + 0.1 * threshold;
        assert!((share - threshold).abs() < error, "{share} of the p-values are at most {threshold}");
    }
}

#[test]
fn fraud_comes_first_and_honest_entities_are_left_alone() {
    let (mut flagged, mut noticed, mut found, mut false_flags) = (0, 0, 0, 0);
    for seed in 0..4 {
        let mut random = Random(seed);
        let mut world = World::honest(&mut random, 300);
        let fraud: Vec<usize> = (0..12).map(|index| index * 25).collect();
        fraud.iter().for_each(|row| world.cheat(&mut random, *row));
        let scores = world.score();
        let mut order: Vec<usize> = (0..300).collect();
        order.sort_by(|a, b| scores.entities[*b].score.total_cmp(&scores.entities[*a].score));
        found += order[..12].iter().filter(|row| fraud.contains(row)).count();
        let is_flagged = |row: &usize| scores.entities[*row].tier == Tier::Flag;
        flagged += fraud.iter().filter(|row| is_flagged(row)).count();
        noticed += fraud.iter().filter(|row| scores.entities[**row].tier != Tier::Ok).count();
        false_flags += (0..300).filter(|row| is_flagged(row) && !fraud.contains(row)).count();
    }
    assert!(
        found >= 40 && noticed >= 36 && flagged >= 10 && false_flags == 0,
        "{found} of 48 on top, {noticed} at least watched, {flagged} flagged, {false_flags} falsely"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_and_the_names_of_entities_change_nothing(seed in 0..1_000_u64) {
        let mut random = Random(seed);
        let mut world = World::honest(&mut random, 80);
        world.cheat(&mut random, 3);
        let before = world.score();
        let mut order: Vec<usize> = (0..80).collect();
        for place in (1..order.len()).rev() {
            order.swap(place, (random.uniform() * (place + 1) as f64) as usize);
        }
        let after = world.reordered(&order).score();
        for (place, row) in order.iter().enumerate() {
            let (before, after) = (&before.entities[*row], &after.entities[place]);
            prop_assert!((before.score - after.score).abs() < 1e-6, "{before:?} {after:?}");
            prop_assert_eq!(before.tier, after.tier);
        }
        let mut renamed = world.clone();
        renamed.entities.iter_mut().enumerate().for_each(|(row, entity)| entity.id = format!("x{}", 1_000 - row));
        let (after, before) = (renamed.score(), world.score());
        for (before, after) in before.entities.iter().zip(&after.entities) {
            prop_assert_eq!(before.score, after.score);
            prop_assert_eq!(before.q, after.q);
        }
    }

    #[test]
    fn one_more_honest_entity_moves_nobody_by_more_than_two_points(seed in 0..1_000_u64) {
        let mut random = Random(seed);
        let mut world = World::honest(&mut random, 200);
        (0..8).for_each(|index| world.cheat(&mut random, index * 20));
        let mut more = world.clone();
        more.add(&mut random);
        let (before, after) = (world.score(), more.score());
        for (before, after) in before.entities.iter().zip(&after.entities) {
            let moved = (before.score - after.score).abs();
            prop_assert!(moved <= 2.0, "{} to {} of {} clicks", before.score, after.score, before.clicks);
        }
    }

    #[test]
    fn doubled_data_changes_no_rate(seed in 0..1_000_u64) {
        let mut random = Random(seed);
        let world = World::honest(&mut random, 100);
        let mut doubled = world.clone();
        doubled.exposure.iter_mut().for_each(|clicks| *clicks *= 2);
        for (signal, column) in doubled.signals.iter().zip(&mut doubled.observations) {
            for seen in column.iter_mut().flatten() {
                seen.n *= 2.0;
                seen.x *= if signal.kind == Kind::Rate { 2.0 } else { 1.0 };
            }
        }
        for (before, after) in world.score().entities.iter().zip(&doubled.score().entities) {
            for (before, after) in before.findings.iter().zip(&after.findings) {
                prop_assert_eq!(before.evidence.observed, after.evidence.observed);
                let expected = (before.evidence.expected / after.evidence.expected - 1.0).abs();
                prop_assert!(before.evidence.z.is_some() || expected < 0.05, "{before:?} {after:?}");
            }
        }
    }

    #[test]
    fn any_numbers_have_an_answer(values in prop::collection::vec((0..2_000_u32, 0.0..1.0_f64, any::<f64>()), 0..40)) {
        let entities = (0..values.len()).map(|row| entity(&row.to_string())).collect::<Vec<_>>();
        let exposure = values.iter().map(|(n, ..)| u64::from(*n)).collect();
        let rates = values.iter().map(|(n, share, _)| Some(seen((f64::from(*n) * share).floor(), f64::from(*n)))).collect();
        let shapes = values.iter().map(|(n, _, value)| Some(seen(*value, f64::from(*n)))).collect();
        let signals = vec![signal("r", "a", Kind::Rate), signal("s", "b", Kind::Shape)];
        let matrix = SignalMatrix::new(entities, exposure, signals, vec![rates, shapes]).unwrap();
        for entity in score(&matrix, &Config::default(), &Past::default(), day()).entities {
            prop_assert!((0.0..=100.0).contains(&entity.score), "{entity:?}");
            prop_assert!(entity.p.is_none_or(|p| (0.0..=1.0).contains(&p)), "{entity:?}");
        }
    }
}

#[test]
fn degenerate_inputs_have_a_stated_answer() {
    let answer = |observations: &[(f64, f64)], kind| {
        let entities = (0..observations.len()).map(|row| entity(&row.to_string())).collect();
        let column = observations.iter().map(|(x, n)| Some(seen(*x, *n))).collect();
        let exposure = observations.iter().map(|(_, n)| *n as u64).collect();
        let matrix = SignalMatrix::new(entities, exposure, vec![signal("s", "a", kind)], vec![column]).unwrap();
        score(&matrix, &Config::default(), &Past::default(), day()).entities
    };
    assert!(answer(&[], Kind::Rate).is_empty());
    for kind in [Kind::Rate, Kind::Shape] {
        // One entity has nobody to be compared with.
        let one = answer(&[(50.0, 100.0)], kind);
        assert_eq!((one[0].score, one[0].p, one[0].tier), (0.0, None, Tier::InsufficientData), "{kind:?}");
        // All zero, and all equal: nobody stands out.
        for value in [0.0, 100.0, 37.0] {
            for entity in answer(&[(value, 100.0); 40], kind) {
                assert!(entity.score < 1.0 && entity.tier == Tier::Ok, "{kind:?} {value}: {entity:?}");
            }
        }
        // One click each says nothing.
        for entity in answer(&[(1.0, 1.0); 40], kind) {
            assert_eq!(entity.tier, Tier::InsufficientData, "{kind:?}");
        }
        // One that differs from all that are equal does stand out.
        let mut values = vec![(0.0, 1_000.0); 39];
        values.push((900.0, 1_000.0));
        let entities = answer(&values, kind);
        assert!(entities[39].score > 45.0 && entities[0].score < 1.0, "{kind:?}: {:?}", entities[39]);
    }
    let nan = vec![Some(seen(f64::NAN, 100.0)), Some(seen(1.0, f64::INFINITY))];
    let entities = vec![entity("1"), entity("2")];
    let matrix = SignalMatrix::new(entities, vec![100, 100], vec![signal("s", "a", Kind::Shape)], vec![nan]).unwrap();
    assert_eq!((matrix.unusable(), matrix.column(0)), (&[2][..], &[None, None][..]));
}

#[test]
fn a_matrix_that_is_none_is_refused() {
    let of = |signals: Vec<Signal>, columns: Vec<Vec<Option<Observation>>>| {
        SignalMatrix::new(vec![entity("1")], vec![100], signals, columns).unwrap_err().to_string()
    };
    let rate = || signal("r", "a", Kind::Rate);
    insta::assert_snapshot!(
        [
            of(vec![rate()], vec![]),
            of(vec![rate()], vec![vec![]]),
            of(vec![rate(), rate()], vec![vec![None], vec![None]]),
            of(vec![rate()], vec![vec![Some(seen(3.0, 2.0))]]),
            of(vec![rate()], vec![vec![Some(seen(0.5, 2.0))]]),
            of(vec![rate()], vec![vec![Some(Observation { expected: Some(1.5), ..seen(1.0, 2.0) })]]),
            of(vec![signal("s", "a", Kind::Shape)], vec![vec![Some(seen(1.0, -2.0))]]),
            SignalMatrix::new(vec![entity("1"), entity("1")], vec![1, 1], vec![], vec![]).unwrap_err().to_string(),
        ]
        .join("\n")
    );
}

fn seen(x: f64, n: f64) -> Observation {
    Observation { n, x, expected: None }
}

fn entity(id: &str) -> Entity {
    Entity { account: "default".to_owned(), id: id.to_owned(), name: None }
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
}

fn signal(name: &str, family: &str, kind: Kind) -> Signal {
    Signal {
        name: name.to_owned(),
        family: family.to_owned(),
        kind,
        basis: Basis::Behavioural,
        is_burst: false,
        min_exposure: 1,
        reason: "{observed} against {expected} of {n}, {lift} times, p = {p}".to_owned(),
        drill: String::new(),
    }
}

/// Numbers that look random and are the same every time (Steele, Lea and Flood's SplitMix64).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        Normal::standard().inverse_cdf(self.uniform())
    }

    /// Clicks, from 60 to 6,000.
    fn clicks(&mut self) -> f64 {
        (60.0 * 100_f64.powf(self.uniform())).floor()
    }

    fn hits(&mut self, n: f64, rate: f64) -> f64 {
        Binomial::new(rate, n as u64).unwrap().inverse_cdf(self.uniform()) as f64
    }

    fn rate(&mut self, alpha: f64, beta: f64, expected: Option<f64>) -> Observation {
        let n = self.clicks();
        let rate = Beta::new(alpha, beta).unwrap().inverse_cdf(self.uniform());
        Observation { n, x: self.hits(n, rate), expected }
    }
}

/// Entities with two rates of behaviour, one of a list, and three shapes, in six families.
#[derive(Clone)]
struct World {
    entities: Vec<Entity>,
    exposure: Vec<u64>,
    signals: Vec<Signal>,
    observations: Vec<Vec<Option<Observation>>>,
}

impl World {
    fn honest(random: &mut Random, count: usize) -> Self {
        let mut signals: Vec<Signal> = ["repeat", "night", "listed"].map(|name| signal(name, name, Kind::Rate)).into();
        signals.extend(["top", "agents", "burst"].map(|name| signal(name, name, Kind::Shape)));
        signals[2].basis = Basis::List;
        signals[5].is_burst = true;
        let mut world = Self { entities: vec![], exposure: vec![], signals, observations: vec![vec![]; 6] };
        (0..count).for_each(|_| world.add(random));
        world
    }

    fn add(&mut self, random: &mut Random) {
        let clicks = random.clicks();
        self.entities.push(entity(&self.entities.len().to_string()));
        self.exposure.push(clicks as u64);
        for (signal, column) in self.signals.iter().zip(&mut self.observations) {
            column.push(Some(match signal.kind {
                Kind::Rate => {
                    let rate = Beta::new(3.0, 57.0).unwrap().inverse_cdf(random.uniform());
                    seen(random.hits(clicks, rate), clicks)
                }
                Kind::Shape => seen(0.3 * clicks.ln() + random.normal(), clicks),
            }));
        }
    }

    /// Half of an entity's clicks are repeats, and its addresses concentrate.
    fn cheat(&mut self, random: &mut Random, row: usize) {
        let clicks = self.exposure[row] as f64;
        self.observations[0][row] = Some(seen(random.hits(clicks, 0.5), clicks));
        self.observations[3][row].as_mut().unwrap().x += 6.0;
    }

    fn reordered(&self, order: &[usize]) -> Self {
        fn pick<T: Clone>(values: &[T], order: &[usize]) -> Vec<T> {
            order.iter().map(|row| values[*row].clone()).collect()
        }
        Self {
            entities: pick(&self.entities, order),
            exposure: pick(&self.exposure, order),
            signals: self.signals.clone(),
            observations: self.observations.iter().map(|column| pick(column, order)).collect(),
        }
    }

    fn matrix(&self) -> SignalMatrix {
        let Self { entities, exposure, signals, observations } = self.clone();
        SignalMatrix::new(entities, exposure, signals, observations).unwrap()
    }

    fn score(&self) -> Scores {
        score(&self.matrix(), &Config::default(), &Past::default(), day())
    }
}

fn past_of(windows: Vec<((&str, &str, &str), Observation)>) -> Past {
    let mut seen: HashMap<(String, String, String), Vec<Observation>> = HashMap::new();
    for ((account, id, signal), observation) in windows {
        seen.entry((account.to_owned(), id.to_owned(), signal.to_owned())).or_default().push(observation);
    }
    Past { cleared: Vec::new(), seen }
}

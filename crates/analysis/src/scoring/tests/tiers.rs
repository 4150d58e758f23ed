//! Tiers, exceptions, references and the past.

use super::*;

/// 60 honest entities and one, row 0, of 1,000 clicks with these rates and excesses of shapes.
fn one(rates: [f64; 3], excess: [f64; 3], config: &Config, past: &Past) -> Score {
    let mut random = Random(5);
    let mut world = World::honest(&mut random, 61);
    world.exposure[0] = 1_000;
    for (signal, rate) in rates.iter().enumerate() {
        world.observations[signal][0] = Some(seen((1_000.0 * rate).floor(), 1_000.0));
    }
    for (signal, excess) in excess.iter().enumerate() {
        world.observations[3 + signal][0] = Some(seen(0.3 * 1_000_f64.ln() + excess, 1_000.0));
    }
    score(&world.matrix(), config, past, day()).entities.swap_remove(0)
}

fn tier_of(rates: [f64; 3], excess: [f64; 3]) -> Tier {
    one(rates, excess, &Config::default(), &Past::default()).tier
}

#[test]
fn a_flag_needs_two_families_one_of_them_behavioural() {
    let (usual, much, none) = (0.05, 0.8, [0.0; 3]);
    assert_eq!(tier_of([usual; 3], none), Tier::Ok);
    assert_eq!(tier_of([much, usual, usual], none), Tier::Watch, "one family");
    assert_eq!(tier_of([much, much, usual], none), Tier::Flag, "two that are behavioural");
    assert_eq!(tier_of([much, usual, much], none), Tier::Flag, "one and a list");
    assert_eq!(tier_of([much, usual, usual], [12.0, 0.0, 0.0]), Tier::Flag, "a rate and a shape");
    assert_eq!(tier_of([much, usual, usual], [0.0, 0.0, 12.0]), Tier::Flag, "a rate and a burst");
    assert_eq!(tier_of([usual, usual, much], none), Tier::Watch, "a list alone");
    assert_eq!(tier_of([usual, usual, much], [0.0, 0.0, 12.0]), Tier::Watch, "a list and a burst");
    assert_eq!(tier_of([usual; 3], [12.0, 12.0, 12.0]), Tier::Watch, "shapes, without a reference");
}

#[test]
fn reasons_are_sentences_with_figures_and_shares() {
    let found = one([0.8, 0.05, 0.05], [8.0, 0.0, 0.0], &Config::default(), &Past::default());
    assert!(found.reasons[0].starts_with("80 % against "), "{:?}", found.reasons);
    assert!(found.reasons[0].contains("of 1,000, ") && found.reasons[0].contains("p = "), "{:?}", found.reasons);
    let shares: f64 = found.families.iter().map(|family| family.share).sum();
    assert!((shares - 1.0).abs() < 1e-12 && found.families[0].share >= found.families[1].share);
}

#[test]
fn exceptions_hold_until_they_expire_and_stay_visible() {
    let allow = |expires: &str, families: &str| {
        let text = format!(
            "[[score.allow]]\nentity = \"0\"\nreason = \"server\"\nexpires = {expires}\nfamilies = [{families}]"
        );
        Config::parse("clickproof.toml", &text).unwrap()
    };
    let score = |config: &Config| one([0.8, 0.05, 0.8], [0.0; 3], config, &Past::default());
    let without = score(&Config::default());
    for (expires, families, tier) in [
        ("2026-11-22", "", Tier::Allowed),
        ("2026-11-21", "", Tier::Flag),
        ("'2026-12-31'", "\"listed\"", Tier::Watch),
        ("2026-12-31", "\"listed\", \"repeat\"", Tier::Allowed),
        ("2026-12-31", "\"night\"", Tier::Flag),
    ] {
        let found = score(&allow(expires, families));
        assert_eq!((found.tier, found.tier_without_exception), (tier, Tier::Flag), "{expires} {families}");
        assert_eq!((found.score, found.q), (without.score, without.q));
    }
    assert_eq!(score(&allow("2026-12-31", "")).allowed, ["server"]);
}

#[test]
fn overrides_settings_of_signals_and_their_strangers() {
    let text = "[score]\nwatch_score = 40\n[[score.override]]\nentity = '0'\nwatch_score = 99\nmin_clicks = 2000\n\
                [score.signals.repeat]\nenabled = false\n[score.signals.nihgt]\nmin_exposure = 5";
    let config = Config::parse("clickproof.toml", text).unwrap();
    let found = one([0.8, 0.05, 0.8], [0.0; 3], &config, &Past::default());
    assert_eq!(found.tier, Tier::InsufficientData);
    assert!(found.families.iter().all(|family| family.name != "repeat"), "{:?}", found.families);
    let signals = World::honest(&mut Random(1), 1).signals;
    assert_eq!(config.strangers(&signals), ["score.signals.nihgt: there is no such signal; did you mean 'night'?"]);
}

#[test]
fn configurations_that_cannot_be_meant() {
    let refused = |text: &str| Config::parse("clickproof.toml", text).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            refused("[score]\nwatch_scroe = 4"),
            refused("[score]\n\n[[score.allow]]\nentity = '1'\nreason = 'x'\nexpiers = 2026-01-01"),
            refused("[score]\nwatch_score = 'high'"),
            refused("[score]\nfalse_discovery_rate = 10"),
            refused("[[score.allow]]\nentity = '1'\nreason = ' '\nexpires = 2026-01-01"),
            refused("[[score.allow]]\nentity = '1'\nreason = 'x'\nexpires = 'never'"),
            refused("[[score.allow]]\nentity = '1'\nreason = 'x'"),
            refused("[score\n"),
            refused("[scores]\nwatch_score = 4"),
        ]
        .join("\n")
    );
}

#[test]
fn with_enough_that_was_cleared_ranks_among_it_decide() {
    let cleared = |count: usize| {
        (0..count).map(move |index| Cleared {
            account: "default".to_owned(),
            id: (100 + index).to_string(),
            score: 30.0 * index as f64 / count as f64,
        })
    };
    let past = |count: usize| Past { cleared: cleared(count).collect(), ..Past::default() };
    let shapes = |past: &Past| one([0.05; 3], [12.0, 12.0, 0.0], &Config::default(), past);
    let few = shapes(&past(609));
    assert_eq!((few.tier, few.p.map(|p| p > 0.01)), (Tier::Watch, Some(true)));
    let enough = shapes(&past(610));
    assert_eq!((enough.tier, enough.p), (Tier::Flag, Some(1.0 / 611.0)));
    // The entity's own past is no reference for itself.
    let mut own = past(610);
    own.cleared.iter_mut().take(600).for_each(|cleared| {
        cleared.id = "0".to_owned();
        cleared.score = 100.0;
    });
    assert_eq!(shapes(&own).p, Some(1.0 / 11.0));
}

#[test]
fn conformal_p_values_of_honest_entities_are_uniform() {
    let mut random = Random(3);
    let earlier: Vec<Score> = (0..12).flat_map(|_| World::honest(&mut random, 150).score().entities).collect();
    let cleared = earlier.iter().enumerate().map(|(index, score)| Cleared {
        account: "earlier".to_owned(),
        id: index.to_string(),
        score: score.score,
    });
    let past = Past { cleared: cleared.collect(), ..Past::default() };
    let now = (0..4)
        .flat_map(|_| score(&World::honest(&mut random, 150).matrix(), &Config::default(), &past, day()).entities);
    let now: Vec<Score> = now.collect();
    let p: Vec<f64> = now.iter().filter_map(|score| score.p).collect();
    assert_eq!(p.len(), 600);
    for threshold in [0.05, 0.2, 0.5, 0.8] {
        let share = p.iter().filter(|p| **p <= threshold).count() as f64 / p.len() as f64;
        assert!((share - threshold).abs() < 0.06, "{share} of the p-values are at most {threshold}");
    }
    assert!(now.iter().filter(|score| score.tier == Tier::Flag).count() <= 6);
}

#[test]
fn a_good_entity_that_turns_is_seen_in_its_own_past() {
    let own = |rate: f64, excess: f64| {
        let mut windows = vec![(("default", "0", "repeat"), seen(1_000.0 * rate, 1_000.0)); 5];
        for id in (0..61).map(|id| id.to_string()) {
            let excess = if id == "0" { excess } else { 0.0 };
            windows.push((("default", Box::leak(id.into_boxed_str()), "top"), seen(2.0 + excess, 1_000.0)));
        }
        one([0.11, 0.05, 0.05], [3.0, 0.0, 0.0], &Config::default(), &past_of(windows))
    };
    let (turned, same) = (own(0.01, 0.0), own(0.11, 3.0));
    assert!(turned.score > same.score + 5.0, "{} {}", turned.score, same.score);
    assert_eq!(turned.families[0].strongest.against, families::Against::Own);
    assert!(turned.reasons[0].ends_with("(expected from its own earlier days)"), "{:?}", turned.reasons);
}

#[test]
fn exceptions_that_do_nothing_are_said() {
    let text = r#"
        [[score.allow]]
        entity = "1"
        reason = "of another account"
        expires = 2099-12-31
        [[score.allow]]
        account = "acme"
        entity = "1"
        reason = "long ago"
        expires = 2026-01-31
        [[score.allow]]
        account = "acme"
        entity = "9"
        reason = "pauses"
        expires = 2099-12-31
        [[score.override]]
        account = "other"
        entity = "2"
        watch_score = 60
    "#;
    let of = |account: &str, id: &str| Entity { account: account.to_owned(), id: id.to_owned(), name: None };
    let entities = [of("acme", "1"), of("acme", "2"), of("other", "2")];
    let config = Config::parse("clickproof.toml", text).unwrap();
    let idle = |day: (i32, u32, u32)| config.idle(&entities, NaiveDate::from_ymd_opt(day.0, day.1, day.2).unwrap());
    let elsewhere =
        r#"score.allow of 1 in account default does nothing: there is a 1 in acme (account = "acme")"#.to_owned();
    let expired = "score.allow of 1 in account acme does nothing: it expired on 2026-01-31".to_owned();
    assert_eq!(idle((2026, 1, 31)), std::slice::from_ref(&elsewhere));
    assert_eq!(idle((2026, 2, 1)), [elsewhere, expired]);
}

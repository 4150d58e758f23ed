//! What verdicts teach.

use std::borrow::Cow;

use super::*;
use crate::scoring::learned::{Taught, features, thinned};

/// A network in which a seventh are frauds of a kind that no signal calls suspicious: their user agents are too evenly spread.
fn world(seed: u64, count: usize, first_id: usize) -> (World, Vec<bool>) {
    let mut random = Random(seed);
    let mut world = World::honest(&mut random, count);
    let is_fraud: Vec<bool> = (0..count).map(|row| row % 7 == 3).collect();
    for (row, is_fraud) in is_fraud.iter().enumerate() {
        world.entities[row].id = (first_id + row).to_string();
        if *is_fraud {
            world.observations[4][row].as_mut().unwrap().x -= 5.0;
        }
    }
    (world, is_fraud)
}

fn verdicts(is_fraud: &[bool]) -> Vec<Option<Verdict>> {
    is_fraud.iter().map(|is_fraud| Some(if *is_fraud { Verdict::Fraud } else { Verdict::Cleared })).collect()
}

fn lesson(world: &World, verdicts: Vec<Option<Verdict>>, held_out: bool) -> Lesson<'static> {
    let held_out = vec![held_out; verdicts.len()];
    Lesson { matrix: Cow::Owned(world.matrix()), verdicts, held_out }
}

fn unlabelled(world: &World) -> Lesson<'static> {
    lesson(world, vec![None; world.entities.len()], true)
}

fn average_precision(is_fraud: &[bool], values: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let (mut found, mut sum) = (0.0, 0.0);
    for (place, row) in (1..).map(f64::from).zip(order) {
        if is_fraud[row] {
            found += 1.0;
            sum += found / place;
        }
    }
    sum / found
}

#[test]
fn an_earlier_window_teaches_what_no_signal_calls_suspicious() {
    let (earlier, was_fraud) = world(1, 140, 0);
    let (now, is_fraud) = world(2, 105, 1_000);
    // Half of the honest ones have no verdict.
    let mut known = verdicts(&was_fraud);
    known
        .iter_mut()
        .step_by(2)
        .filter(|verdict| **verdict == Some(Verdict::Cleared))
        .for_each(|verdict| *verdict = None);
    let scores = now.score();
    let found = SecondStage::learn(&unlabelled(&now), &[lesson(&earlier, known, false)], &scores).unwrap();
    let score: Vec<f64> = scores.entities.iter().map(|score| score.score).collect();
    let [by_score, learned, priority] =
        [&score, &found.probability, &found.priority].map(|values| average_precision(&is_fraud, values));
    assert!(by_score < 0.3 && learned > 0.95, "{by_score} {learned}");
    // Twenty frauds: half of the priority is what was learned.
    assert_eq!(found.weight, 0.5);
    assert!(by_score < priority && priority < learned, "{by_score} {priority} {learned}");
    assert_eq!(found.taught, Taught { frauds: 20, others: 120, seen: 140, windows: 1 });
    assert!(found.probability.iter().all(|p| (0.0..=1.0).contains(p)));

    let signals = now.matrix();
    for row in (0..is_fraud.len()).filter(|row| is_fraud[*row]) {
        let (signal, added) = found.contributions(row).unwrap()[0];
        assert_eq!(signals.signals()[signal].name, "agents");
        assert!(added > 0.2, "{added}");
    }
    assert!(found.contributions(is_fraud.len()).is_err());
}

#[test]
fn the_order_of_rows_and_another_run_change_nothing() {
    let ((earlier, was_fraud), (now, is_fraud)) = (world(1, 70, 0), world(2, 70, 35));
    let known = |is_fraud: &[bool], order: &[usize]| {
        let all = verdicts(is_fraud);
        order.iter().map(|row| all[*row]).collect::<Vec<_>>()
    };
    let learn = |order: &[usize]| {
        let (earlier, now) = (earlier.reordered(order), now.reordered(order));
        let earlier = [lesson(&earlier, known(&was_fraud, order), false)];
        let found = SecondStage::learn(&lesson(&now, known(&is_fraud, order), true), &earlier, &now.score()).unwrap();
        let mut by_id: Vec<(String, f64, f64)> = now
            .entities
            .iter()
            .zip(found.probability)
            .zip(found.priority)
            .map(|((e, p), q)| (e.id.clone(), p, q))
            .collect();
        by_id.sort_by(|a, b| a.0.cmp(&b.0));
        by_id
    };
    let order: Vec<usize> = (0..70).collect();
    let reversed: Vec<usize> = (0..70).rev().collect();
    assert_eq!(learn(&order), learn(&order));
    assert_eq!(learn(&order), learn(&reversed));
}

/// Verdicts by the toss of a coin teach nothing, unless an entity is judged by trees that saw its own.
#[test]
fn what_is_held_out_of_an_entity_does_not_judge_it() {
    let mut random = Random(3);
    let world = World::honest(&mut random, 160);
    let is_fraud: Vec<bool> = (0..160).map(|_| random.uniform() < 0.25).collect();
    let (scores, share) = (world.score(), is_fraud.iter().filter(|is_fraud| **is_fraud).count() as f64 / 160.0);
    let precision = |now: &Lesson<'_>, earlier: &[Lesson<'_>]| {
        average_precision(&is_fraud, &SecondStage::learn(now, earlier, &scores).unwrap().probability)
    };
    let about_now = precision(&lesson(&world, verdicts(&is_fraud), true), &[]);
    assert!((about_now - share).abs() < 0.12, "{about_now} {share}");
    let earlier = |held_out| [lesson(&world, verdicts(&is_fraud), held_out)];
    let hidden = precision(&unlabelled(&world), &earlier(true));
    assert!((hidden - share).abs() < 0.12, "{hidden} {share}");
    let shown = precision(&unlabelled(&world), &earlier(false));
    assert!(shown > 0.9, "without the holding out, the test would find nothing: {shown}");
}

#[test]
fn too_few_verdicts_teach_nothing_and_that_is_said() {
    let (world, is_fraud) = world(1, 70, 0);
    let mut few = verdicts(&is_fraud);
    few.iter_mut().filter(|verdict| **verdict == Some(Verdict::Fraud)).skip(4).for_each(|verdict| *verdict = None);
    let learn = |verdicts| SecondStage::learn(&lesson(&world, verdicts, true), &[], &world.score()).err().unwrap();
    assert_eq!(
        learn(few).to_string(),
        "4 frauds and 60 cleared are known in this window and in earlier ones that are kept: it takes 5 of both"
    );
    assert_eq!(learn(vec![None; 70]), LearnError::TooFew { frauds: 0, cleared: 0 });
    // One entity in many windows is one that is known.
    let mut one = vec![None; 70];
    (one[3], one[4]) = (Some(Verdict::Fraud), Some(Verdict::Cleared));
    let windows: Vec<_> = (0..8).map(|_| lesson(&world, one.clone(), false)).collect();
    let found = SecondStage::learn(&unlabelled(&world), &windows, &world.score()).err().unwrap();
    assert_eq!(found, LearnError::TooFew { frauds: 1, cleared: 1 });
}

#[test]
fn features_are_places_and_know_what_was_not_seen() {
    let mut random = Random(1);
    let mut world = World::honest(&mut random, 4);
    world.exposure = vec![100, 100, 100, 400];
    // 2, 1 and 3 times what is expected, and once nothing was seen.
    let rate = |x, expected| Some(Observation { n: 100.0, x, expected: Some(expected) });
    world.observations[0] = vec![rate(20.0, 0.1), rate(30.0, 0.3), None, rate(3.0, 0.01)];
    let found = features(&world.matrix());
    let column = |index: usize| found.iter().map(|row| row[index]).collect::<Vec<_>>();
    assert_eq!(column(0), [0.5, 0.0, 0.5, 1.0]);
    assert_eq!(column(6), [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0]);
}

#[test]
fn a_sample_is_spread_evenly() {
    let all: Vec<usize> = (0..100).collect();
    assert_eq!(thinned(&all, 4).collect::<Vec<_>>(), [0, 25, 50, 75]);
    assert_eq!(thinned(&all, 100).collect::<Vec<_>>(), all);
    assert_eq!(thinned(&all[..3], 4).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(thinned(&all[..0], 4).count(), 0);
}

//! Random traffic, faults, ends in the middle and restarts: what lands is what there was, and coverage is true to the
//! second.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use simulator::Feed as SimFeed;
use simulator::server::{
    Aggregate, Fault, Faults, Order as RowOrder, OverCap, PastRetention, Retention as SimRetention, Spelling, Wrapper,
};

use super::*;

/// Numbers by chance, the same for the same seed.
struct Dice(u64);

impl Dice {
    /// One of `0..end`.
    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// The edge of the retention moves while a test runs, and is not asked for.
const EDGE: i64 = 420;

/// A kind of traffic, a server, and a way in which pulls end.
struct Case {
    scene: Scene,
    feed: SimFeed,
    row_cap: u64,
    /// The range that is pulled.
    range: Window,
    retention_days: i64,
    /// Faults that make answers look cut, so that a second may seem saturated that is not.
    may_seem_cut: bool,
    dice: Dice,
}

const FEEDS: [SimFeed; 3] = [SimFeed::InvalidClicks, SimFeed::NetworkClicks, SimFeed::AffiliateClicks];

impl Case {
    fn new(seed: u64) -> Case {
        let mut dice = Dice(seed);
        let feed = dice.pick(&FEEDS);
        let row_cap = 10 + dice.below(30);
        let now = now();
        let retention_days = dice.pick(&[3, 30]);
        let length = 1 + dice.below(4 * DAY as u64) as i64;
        let to = now - 700 - dice.below(2 * DAY as u64) as i64;
        let range = Window { from: to - length, to };
        let clicks = clicks(&mut dice, range, row_cap);
        let scene = Scene::new(clicks);
        std::fs::write(
            scene.path("key"),
            if feed == SimFeed::AffiliateClicks { "affiliate-key" } else { "network-key" },
        )
        .unwrap();
        let (faults, may_seem_cut) = faults(&mut dice, seed);
        scene.server.configure(|settings| {
            let cap = usize::try_from(row_cap).unwrap();
            settings.caps.invalid_clicks = cap;
            settings.caps.affiliate_clicks = cap;
            settings.caps.network_clicks = cap;
            settings.affiliate_id = 1;
            settings.retention = SimRetention::Seconds(retention_days * DAY);
            settings.past_retention = dice.pick(&[PastRetention::LosesOldRows, PastRetention::LosesAllRows]);
            settings.over_cap = dice.pick(&[OverCap::Newest, OverCap::Oldest, OverCap::Any]);
            settings.order = dice.pick(&[RowOrder::NewestFirst, RowOrder::OldestFirst, RowOrder::Shuffled]);
            settings.wrapper = dice.pick(&[Wrapper::Clicks, Wrapper::Table, Wrapper::Array, Wrapper::Rotating]);
            settings.bare_single_row = dice.chance(30);
            settings.spelling = dice.pick(&[Spelling::Documented, Spelling::Correct, Spelling::Both]);
            settings.aggregate = dice.pick(&[Aggregate::Open, Aggregate::Forbidden, Aggregate::Missing]);
            settings.capitalised_errors = dice.chance(30);
            settings.gzip = dice.chance(50);
            settings.faults = faults;
        });
        Case { scene, feed, row_cap, range, retention_days, may_seem_cut, dice }
    }

    fn line(&self) -> String {
        let Window { from, to } = self.range;
        let source = self.feed.name();
        let retention = self.retention_days;
        format!(
            "--source {source} --from {} --to {} --retention {retention}d --max-quarantined 100%",
            word(from),
            word(to)
        )
    }

    /// Pulls that end early, in one way or another.
    fn disturb(&mut self) {
        let line = self.line();
        match self.dice.below(4) {
            0 => {
                let line = format!("{line} --max-requests {}", 1 + self.dice.below(20));
                let _ = self.scene.pull_hastily(&line, self.row_cap, &Interrupt::default());
            }
            1 => self.while_something_happens(|interrupt, _| {
                interrupt.set();
                None
            }),
            // Nothing that waits to be folded gets into the lake, as in a kill.
            2 => self.while_something_happens(|_, lake| {
                let lock = File::options().create(true).append(true).open(lake.join(".lock")).unwrap();
                lock.lock().unwrap();
                Some(lock)
            }),
            _ => self.together(),
        }
    }

    fn while_something_happens(&mut self, happens: impl FnOnce(&Interrupt, &Path) -> Option<File> + Send) {
        let line = format!("{} --lock-timeout 0", self.line());
        let wait = Duration::from_micros(self.dice.below(60_000));
        let (interrupt, lake) = (Interrupt::default(), self.scene.path("lake"));
        std::thread::scope(|scope| {
            // What it holds is held until the pull has ended.
            let held = scope.spawn(|| {
                std::thread::sleep(wait);
                if lake.join("lake.json").exists() { happens(&interrupt, &lake) } else { None }
            });
            let _ = self.scene.pull_hastily(&line, self.row_cap, &interrupt);
            drop(held.join());
        });
    }

    /// Two pulls at once.
    fn together(&self) {
        let line = self.line();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| self.scene.pull_hastily(&line, self.row_cap, &Interrupt::default()).unwrap());
            }
        });
    }

    /// What the lake holds is what there was, as far as it says that it does.
    fn check(&self) {
        let landed = clicks_of(&self.scene.lake());
        let everything = truth(&self.scene.server, self.feed, Window { from: i64::MIN, to: i64::MAX });
        for (id, second) in &landed {
            assert_eq!(everything.get(id), Some(second), "{id} is no click of the server");
        }
        let (mut proven, mut saturated) = (Seconds::default(), Seconds::default());
        for interval in self.scene.coverage() {
            let seconds = if interval.saturated { &mut saturated } else { &mut proven };
            seconds.insert(Window { from: interval.from_time, to: interval.to_time });
        }
        let known: BTreeSet<&str> = landed.keys().map(String::as_str).collect();
        for (id, second) in truth(&self.scene.server, self.feed, self.range) {
            let is_proven = !proven.and(&Seconds::within(second, second)).is_empty();
            assert!(!is_proven || known.contains(id.as_str()), "{} is covered, and lacks {id}", word(second));
        }
    }
}

fn clicks(dice: &mut Dice, range: Window, row_cap: u64) -> Vec<Click> {
    let mut clicks = Vec::new();
    let seconds = range.seconds() as u64;
    let mut add = |dice: &mut Dice, second: i64| {
        let id = format!("{:x}-{}", second, clicks.len());
        let mut click = Click {
            error_code: dice.pick(&[0, 9, 9, 21, 23]),
            offer_id: 1 + dice.below(4) as i64,
            affiliate_id: 1 + dice.below(2) as i64,
            ..Click::new(second, id)
        };
        click.values.has_conversion = dice.chance(5);
        clicks.push(click);
    };
    // Some outside the range as well.
    let margin = seconds / 10 + 10;
    for _ in 0..dice.below(300) {
        let second = range.from - margin as i64 + dice.below(seconds + 2 * margin) as i64;
        add(dice, second);
    }
    for _ in 0..dice.below(4) {
        let second = range.from + dice.below(seconds) as i64;
        // Seconds that fit, that fit in parts, and that never do.
        for _ in 0..dice.below(4 * row_cap) {
            add(dice, second);
        }
    }
    clicks
}

fn faults(dice: &mut Dice, seed: u64) -> (Faults, bool) {
    const HARMLESS: [Fault; 13] = [
        Fault::Status(500),
        Fault::TooManyRequests { retry_after_seconds: None },
        Fault::CutConnection,
        Fault::CutBody,
        Fault::CutGzip,
        Fault::HtmlPage,
        Fault::ErrorWith200,
        Fault::CapitalisedErrorWith200,
        Fault::UnknownWrapper,
        Fault::EmptyBody,
        Fault::UnknownKeys,
        Fault::WrongTypes,
        Fault::BrokenRow,
    ];
    const CUTTING: [Fault; 3] = [Fault::DoubledRows, Fault::RowsOutside, Fault::IncompleteResults];
    let may_seem_cut = dice.chance(40);
    let mut rates = Vec::new();
    for _ in 0..dice.below(4) {
        rates.push((dice.pick(&HARMLESS), dice.below(150)));
    }
    if may_seem_cut {
        rates.push((dice.pick(&CUTTING), dice.below(200)));
    }
    // A row that is no click takes a place in an answer.
    let may_seem_cut = may_seem_cut || rates.iter().any(|(fault, _)| *fault == Fault::BrokenRow);
    (Faults { rates, seed, most_per_request: Some(3), ..Faults::default() }, may_seem_cut)
}

fn run_case(seed: u64) {
    let mut case = Case::new(seed);
    for _ in 0..case.dice.below(4) {
        case.disturb();
        if case.scene.path("lake").join("lake.json").exists() {
            case.check();
        }
    }
    let line = case.line();
    let outcome = case.scene.pull_hastily(&line, case.row_cap, &Interrupt::default()).unwrap();
    case.check();
    let (mut proven, mut saturated) = (Seconds::default(), Seconds::default());
    for interval in case.scene.coverage() {
        let seconds = if interval.saturated { &mut saturated } else { &mut proven };
        seconds.insert(Window { from: interval.from_time, to: interval.to_time });
    }
    let kept_from = case.scene.now - case.retention_days * DAY;
    let certainly_kept = Seconds::within(case.range.from.max(kept_from + EDGE), case.range.to);
    let missing = certainly_kept.without(&proven).without(&saturated);
    assert!(missing.is_empty(), "not covered: {missing:?}");
    let certainly_gone = Seconds::within(i64::MIN / 2, kept_from - 1);
    assert!(proven.and(&certainly_gone).is_empty(), "covered, though Everflow had forgotten");
    let wanted = Seconds::within(case.range.from, case.range.to);
    assert!(proven.without(&wanted).is_empty(), "covered, though never asked for");
    let is_complete = saturated.is_empty() && case.range.from >= kept_from + EDGE;
    assert_eq!(outcome == Outcome::Done, is_complete, "{outcome:?}");
    for window in saturated.windows().iter().filter(|_| !case.may_seem_cut) {
        let there = truth(&case.scene.server, case.feed, *window).len() as u64;
        assert!(there >= case.row_cap * window.seconds() as u64, "{window:?} is not saturated: {there}");
    }
    if !case.may_seem_cut && case.range.from >= kept_from + EDGE {
        case.scene.server.forget_received();
        case.scene.pull_hastily(&line, case.row_cap, &Interrupt::default()).unwrap();
        assert_eq!(case.scene.requests(), 0, "a second pull asked for something");
    }
}

/// Runs seeds; says which one failed.
fn run_seeds(seeds: std::ops::Range<u64>) {
    let seeds = match std::env::var("CLICKPROOF_SEED") {
        Ok(seed) => seed.parse().unwrap()..seed.parse::<u64>().unwrap() + 1,
        Err(_) => seeds,
    };
    for seed in seeds {
        if let Err(panic) = std::panic::catch_unwind(|| run_case(seed)) {
            let words = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
            panic!("CLICKPROOF_SEED={seed}: {words}");
        }
    }
}

#[test]
fn what_lands_is_what_there_was_1() {
    run_seeds(0..170);
}

#[test]
fn what_lands_is_what_there_was_2() {
    run_seeds(170..340);
}

#[test]
fn what_lands_is_what_there_was_3() {
    run_seeds(340..510);
}

//! Is a rate abnormal? Pure arithmetic on counts.
//!
//! Owns the rule: against the network, against the period before, and within the range. Leaves the words to
//! [`document`](super::document).

use serde::Serialize;

use super::change::{Change, change_point};
use crate::functions::wilson_interval;

/// Fewer clicks than these are not judged.
pub(crate) const MIN_CLICKS: u64 = 50;
/// Fewer hits than these are no pattern.
pub(crate) const MIN_HITS: u64 = 5;
/// A peer with fewer clicks does not count for the spread of the peers.
pub(crate) const MIN_PEER_CLICKS: u64 = 30;
/// With fewer peers than these there is no spread to speak of.
pub(crate) const MIN_PEERS: usize = 8;
/// Robust z beyond which a rate is far out (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993).
pub(crate) const FAR_OUT: f64 = 3.5;
/// One in so many peers may be left out of the others' rate: a mean trimmed by a fifth (Wilcox, "Introduction to Robust Estimation
/// and Hypothesis Testing", 2012, 3.1).
pub(crate) const FAR_OUT_MAX: usize = 5;
/// How many times the rate of the rest counts as far out, where there are too few peers for a spread.
pub(crate) const LIFT_OF_FEW: f64 = 2.0;

/// `x` hits among `n` clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Count {
    /// Hits.
    pub(crate) x: u64,
    /// Clicks that could be judged and that a rate can rest on.
    pub(crate) n: u64,
}

impl Count {
    /// The share of hits; none of no clicks.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn rate(self) -> Option<f64> {
        (self.n > 0).then(|| self.x as f64 / self.n as f64)
    }

    /// Wilson's 95 % interval of the rate.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn interval(self) -> Option<(f64, f64)> {
        wilson_interval(self.x as f64, self.n as f64)
    }

    /// The counts of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { x: self.x + other.x, n: self.n + other.n }
    }

    /// What is left without a part of it.
    pub(crate) fn without(self, part: Self) -> Self {
        Self { x: self.x.saturating_sub(part.x), n: self.n.saturating_sub(part.n) }
    }

    /// Whether even the lower end of this interval lies above the upper end of the other's.
    pub(crate) fn is_clearly_above(self, other: Self) -> bool {
        self.interval().zip(other.interval()).is_some_and(|((low, _), (_, high))| low > high)
    }
}

/// What was counted of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfDay {
    /// The day, in the time zone asked for.
    pub(crate) day: String,
    /// Its clicks that could be judged and that a rate can rest on.
    pub(crate) count: Count,
    /// All its clicks for which the reason holds, those without a denominator included.
    pub(crate) hits: u64,
}

/// What was counted of a reason.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counts {
    /// The subject's.
    pub(crate) own: Count,
    /// All its clicks for which the reason holds, those without a denominator included.
    pub(crate) hits: u64,
    /// Each other entity's.
    pub(crate) peers: Vec<Count>,
    /// The subject's by day, in the order of days.
    pub(crate) days: Vec<OfDay>,
    /// The subject's in the period before, where that can be compared.
    pub(crate) earlier: Option<Count>,
}

/// What becomes of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Far above the network, or risen above it.
    Abnormal,
    /// Neither.
    Normal,
    /// Too few clicks to say.
    NotJudged,
}

/// The subject against the others of its account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AgainstPeers {
    /// The others together, without those that are far out themselves: one bad affiliate must not hide another.
    pub(crate) rest: Count,
    /// How many are far out themselves; see [`without_the_far_out`].
    pub(crate) far_out: usize,
    /// All the others together, those included.
    pub(crate) all: Count,
    /// Their rate.
    pub(crate) all_rate: Option<f64>,
    /// The rate of the rest.
    pub(crate) expected: Option<f64>,
    /// Wilson's interval of it.
    pub(crate) expected_interval: Option<(f64, f64)>,
    /// How many times that rate the subject's is.
    pub(crate) lift: Option<f64>,
    /// Robust distance from the median of the peers; see [`robust_distance`].
    pub(crate) z: Option<f64>,
    /// Peers with enough clicks to count for it.
    pub(crate) peers: usize,
    /// Whether the subject is far above them.
    pub(crate) is_above: bool,
}

/// The subject against itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AgainstItself {
    /// The period before, of the same length.
    pub(crate) earlier: Option<Count>,
    /// Its rate.
    pub(crate) earlier_rate: Option<f64>,
    /// Whether the rate has clearly risen since, and lies above the network's.
    pub(crate) has_risen_since: bool,
    /// The day from which on the rate was another, where there is one.
    pub(crate) change: Option<Change>,
    /// Whether that change was a rise above the network's rate.
    pub(crate) rose_within: bool,
}

/// What is to be said of a reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Judgement {
    /// The outcome.
    pub(crate) standing: Standing,
    /// Against the others.
    pub(crate) peers: AgainstPeers,
    /// Against itself.
    pub(crate) itself: AgainstItself,
}

/// Judges a reason by its counts.
pub(crate) fn judge(counts: &Counts) -> Judgement {
    let own = counts.own;
    let peers = against_peers(own, &counts.peers);
    let is_above_network = |count: Count| {
        count.x >= MIN_HITS && count.interval().is_some_and(|(low, _)| peers.expected.is_none_or(|rest| low > rest))
    };
    let days: Vec<(String, Count)> = counts.days.iter().map(|of| (of.day.clone(), of.count)).collect();
    let change = change_point(&days);
    let rose_within = change.as_ref().is_some_and(|change| change.is_rise() && is_above_network(change.after));
    let has_risen_since = is_above_network(own)
        && counts.earlier.is_some_and(|earlier| earlier.n >= MIN_CLICKS && own.is_clearly_above(earlier));
    let standing = if own.n < MIN_CLICKS {
        Standing::NotJudged
    } else if peers.is_above || rose_within || has_risen_since {
        Standing::Abnormal
    } else {
        Standing::Normal
    };
    let earlier_rate = counts.earlier.and_then(Count::rate);
    let itself = AgainstItself { earlier: counts.earlier, earlier_rate, has_risen_since, change, rose_within };
    Judgement { standing, peers, itself }
}

fn against_peers(own: Count, others: &[Count]) -> AgainstPeers {
    let all = others.iter().copied().fold(Count::default(), Count::and);
    let rates: Vec<f64> =
        others.iter().filter(|peer| peer.n >= MIN_PEER_CLICKS).filter_map(|peer| peer.rate()).collect();
    let (rest, far_out) = without_the_far_out(all, others, &rates);
    let expected = rest.rate();
    let lift = own.rate().zip(expected).filter(|(_, expected)| *expected > 0.0).map(|(own, expected)| own / expected);
    let z = robust_distance(own, expected, &rates);
    let is_far = match z {
        Some(z) => z >= FAR_OUT,
        None => own.rate().zip(expected).is_some_and(|(own, expected)| own >= LIFT_OF_FEW * expected),
    };
    let is_above = own.x >= MIN_HITS && own.is_clearly_above(rest) && is_far;
    let (expected_interval, peers) = (rest.interval(), rates.len());
    let all_rate = all.rate();
    AgainstPeers { rest, far_out, all, all_rate, expected, expected_interval, lift, z, peers, is_above }
}

/// The others together without those that are themselves far above the others that are left, by the same rule, until no more
/// are found: of two bad ones the larger does not hide the smaller. And how many those are: at most one in [`FAR_OUT_MAX`] of the peers, for
/// what many are is no exception. A median in place of it would be zero for all that is rare, and then be exceeded by everybody
/// of size.
fn without_the_far_out(all: Count, others: &[Count], rates: &[f64]) -> (Count, usize) {
    let mut kept: Vec<Count> = others.iter().copied().filter(|peer| peer.n >= MIN_PEER_CLICKS).collect();
    kept.sort_by(|a, b| b.rate().unwrap_or_default().total_cmp(&a.rate().unwrap_or_default()));
    let (mut rest, mut far_out) = (all, 0);
    loop {
        let before = kept.len();
        kept.retain(|peer| {
            let without = rest.without(*peer);
            let z = robust_distance(*peer, without.rate(), rates);
            let is_far = peer.x >= MIN_HITS
                && z.is_some_and(|z| z >= FAR_OUT)
                && peer.is_clearly_above(without)
                && (far_out + 1) * FAR_OUT_MAX <= rates.len();
            if is_far {
                (rest, far_out) = (without, far_out + 1);
            }
            !is_far
        });
        if kept.len() == before {
            return (rest, far_out);
        }
    }
}

/// (rate - median of the peers) / max(1.4826 MAD of the peers, sqrt(p (1 - p) / n), 1 / n), where p is the rate of the rest and
/// n the subject's own clicks: neither a few clicks nor peers that are all alike make it large. None of fewer than
/// [`MIN_PEERS`] peers.
fn robust_distance(own: Count, expected: Option<f64>, peers: &[f64]) -> Option<f64> {
    const PER_MAD: f64 = 1.482_602_218_505_602;
    if peers.len() < MIN_PEERS {
        return None;
    }
    let (rate, expected) = own.rate().zip(expected)?;
    let center = median(peers.to_vec())?;
    let spread = PER_MAD * median(peers.iter().map(|peer| (peer - center).abs()).collect())?;
    #[allow(clippy::cast_precision_loss)]
    let by_chance = (expected * (1.0 - expected) / own.n as f64).sqrt();
    // Where no peer has a single hit, a click of the subject's own is the smallest step there is.
    #[allow(clippy::cast_precision_loss)]
    let step = 1.0 / own.n as f64;
    Some((rate - center) / spread.max(by_chance).max(step))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    Some(if values.len() % 2 == 1 { *upper } else { f64::midpoint(*upper, *values.get(middle.checked_sub(1)?)?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(x: u64, n: u64) -> Count {
        Count { x, n }
    }

    fn honest_peers() -> Vec<Count> {
        (0..12).map(|i| count(8 + i, 400)).collect()
    }

    fn counts(own: Count) -> Counts {
        Counts { own, hits: own.x, peers: honest_peers(), ..Counts::default() }
    }

    #[test]
    fn far_above_the_peers_is_abnormal_and_near_them_is_not() {
        let found = judge(&counts(count(200, 400)));
        assert_eq!(found.standing, Standing::Abnormal);
        assert!(found.peers.is_above && found.peers.lift.unwrap() > 10.0 && found.peers.peers == 12);
        for own in [count(20, 400), count(0, 400), count(14, 400)] {
            assert_eq!(judge(&counts(own)).standing, Standing::Normal, "{own:?}");
        }
        assert_eq!(judge(&counts(count(49, 49))).standing, Standing::NotJudged);
        assert_eq!(judge(&counts(count(4, 60))).standing, Standing::Normal, "four hits are no pattern");
    }

    #[test]
    fn z_is_what_a_calculator_says() {
        // Rates 0.020, 0.0225, .., 0.0475: median 0.03375, MAD 0.0075. Rest 162 of 4800: p = 0.03375, sqrt(p q / 400) = 0.009029.
        let z = judge(&counts(count(200, 400))).peers.z.unwrap();
        assert!((z - (0.5 - 0.03375) / (1.482_602_218_505_602 * 0.0075)).abs() < 1e-9, "{z}");
    }

    #[test]
    fn with_few_or_spotless_peers_it_still_says_something() {
        let few = Counts { peers: vec![count(10, 500); 3], ..counts(count(60, 300)) };
        let found = judge(&few);
        assert_eq!((found.standing, found.peers.z), (Standing::Abnormal, None));
        let spotless = Counts { peers: vec![count(0, 500); 20], ..counts(count(30, 300)) };
        let found = judge(&spotless);
        assert_eq!((found.standing, found.peers.lift), (Standing::Abnormal, None));
        assert!(found.peers.z.unwrap().is_finite());
        let alone = Counts { peers: Vec::new(), ..counts(count(30, 300)) };
        assert_eq!(judge(&alone).standing, Standing::Normal, "nobody to be compared with");
    }

    /// Two affiliates, of 40 % and 52 % of many clicks, raise the rate of all the others to that of a third bad one.
    #[test]
    fn bad_peers_hide_nobody() {
        let mut peers: Vec<Count> = (0..15).map(|i| count(4 + i % 4, 200)).collect();
        peers.extend([count(202, 505), count(156, 300)]);
        let found = judge(&Counts { peers: peers.clone(), ..counts(count(15, 105)) });
        assert_eq!((found.peers.far_out, found.peers.rest), (2, count(81, 3000)));
        assert_eq!(found.peers.all, count(439, 3805));
        assert!(found.peers.is_above && found.standing == Standing::Abnormal, "{found:?}");
        // A small bad one is not hidden by a large worse one.
        peers.push(count(20_000, 40_000));
        assert_eq!(judge(&Counts { peers, ..counts(count(15, 105)) }).peers.far_out, 3);
    }

    /// Six of sixteen peers at 5 %, the others at nothing: that is what this network is like, not six exceptions.
    #[test]
    fn what_many_are_is_no_exception() {
        let mut peers = vec![count(0, 400); 10];
        peers.extend([count(20, 400); 6]);
        let found = judge(&Counts { peers, ..counts(count(20, 400)) }).peers;
        assert_eq!((found.far_out, found.rest), (3, count(60, 5200)));
    }

    /// One of a thousand in a network of small peers: their median is zero, and yet it is like them.
    #[test]
    fn what_is_rare_is_no_finding_for_being_seen_in_a_large_one() {
        let mut peers = vec![count(0, 50); 30];
        peers.iter_mut().take(8).for_each(|peer| peer.x = 1);
        peers.push(count(60, 10_000));
        let found = judge(&Counts { peers, ..counts(count(12, 2000)) });
        assert_eq!((found.peers.far_out, found.standing), (0, Standing::Normal), "{found:?}");
    }

    #[test]
    fn a_rise_since_the_period_before_counts_only_above_the_network() {
        let risen = Counts { earlier: Some(count(10, 400)), ..counts(count(40, 400)) };
        let found = judge(&risen);
        assert!(found.itself.has_risen_since && found.standing == Standing::Abnormal);
        let to_normal = Counts { earlier: Some(count(0, 4000)), ..counts(count(14, 400)) };
        assert_eq!(judge(&to_normal).standing, Standing::Normal);
    }

    proptest! {
        #[test]
        fn no_counts_make_it_panic(own in (0u64..1000, 0u64..1000), peers in prop::collection::vec((0u64..100, 0u64..100), 0..20)) {
            let valid = |(x, n): (u64, u64)| count(x.min(n), n);
            let counts = Counts { peers: peers.into_iter().map(valid).collect(), ..counts(valid(own)) };
            let found = judge(&counts);
            prop_assert!(found.peers.z.is_none_or(f64::is_finite));
            prop_assert!(found.peers.far_out * FAR_OUT_MAX <= found.peers.peers);
            prop_assert!(found.peers.expected <= found.peers.all.rate());
            prop_assert!(found.standing != Standing::Abnormal || own.0.min(own.1) >= MIN_HITS);
        }
    }
}

//! What of an account can be compared with the period before. Pure.
//!
//! Promises that nothing is called a change which is a difference of what was fetched: a period that is not whole, or a
//! feed that the other one had not.

use super::ask::Answers;
use super::build::length;
use super::rows::{Figures, of};
use crate::engine::completeness::{Completeness, Incomparable, incomparable};
use crate::page::{duration_of, floor_percent_of};

/// What can be compared, and why the rest cannot.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Comparable {
    /// Rates, and whether something was there before.
    pub(super) rates: bool,
    /// Numbers of clicks and amounts.
    pub(super) counts: bool,
    /// What is not compared and why, a clause; none where everything is.
    pub(super) not_compared: Option<String>,
}

impl Comparable {
    /// The figures of the period before, where these can be compared with.
    pub(super) fn before<'a>(&self, answers: &'a Answers, account: &str) -> Option<&'a Figures> {
        of(&answers.figures.before, account).first().copied().filter(|_| self.rates)
    }
}

/// What of an account can be compared.
pub(super) fn of_account<'a>(answers: &'a Answers, account: &str) -> Comparable {
    let span = time_before(length(answers.before));
    let own = |measured: &'a [Completeness]| -> Vec<&'a Completeness> {
        measured.iter().filter(|measured| measured.account == account).collect()
    };
    let (now, before) = (own(&answers.completeness.now), own(&answers.completeness.before));
    let covers = |of: &Completeness| {
        let share = of.covered_seconds as f64 / length(of.range).max(1) as f64;
        format!("{} covers {} of", of.feed, floor_percent_of(share))
    };
    let figures = |rows| of(rows, account).first().copied().filter(|row: &&Figures| row.clicks > 0);
    let (figures, figures_before) = (figures(&answers.figures.now), figures(&answers.figures.before));
    let nothing = |why: String| Comparable { not_compared: Some(why), ..Comparable::default() };
    if figures_before.is_none() && before.iter().all(|measured| measured.covered_seconds == 0) {
        return nothing(format!("the lake has nothing from {span} to compare with"));
    }
    if let Some(why) = incomparable(&now, &before) {
        return nothing(match why {
            Incomparable::Unproven => {
                format!("nothing is compared, for nothing proves that the clicks of {span} are all")
            }
            Incomparable::Partly(lacking) => format!("nothing is compared, for {} {span}", covers(lacking)),
            Incomparable::Gone(feed) => {
                format!("nothing is compared, for {feed} was fetched in {span} and is not now")
            }
        });
    }
    let Some(figures_before) = figures_before else {
        return nothing(format!("there were no clicks in {span}"));
    };
    if figures.is_some_and(|figures| figures.rests_on != figures_before.rests_on) {
        return nothing(format!("nothing is compared, for the rates of {span} rest on other feeds"));
    }
    // The first of our feeds that lacks something now.
    let lacking = now.iter().find(|measured| measured.covered_seconds > 0 && !measured.is_complete());
    let not_compared =
        lacking.map(|lacking| format!("numbers are not compared with {span}, for {} this range", covers(lacking)));
    Comparable { rates: true, counts: not_compared.is_none(), not_compared }
}

/// `the 24 hours before`, `the 7 days before`
pub(super) fn time_before(seconds: u64) -> String {
    match seconds {
        86_400 => "the 24 hours before".to_owned(),
        _ => format!("the {} before", duration_of(seconds)),
    }
}

//! The statements behind a blocklist. Names and titles of reasons are written into them as text; all else is fixed or bound.

use super::By;
use crate::engine::sql_error::SqlText;
use crate::evidence::reason::Reason;

const MARKED: &str = include_str!("sql/marked.sql");
const JUDGED: &str = include_str!("sql/judged.sql");
const CANDIDATES: &str = include_str!("sql/candidates.sql");

/// Names the view of a reason.
pub(super) fn view_of(index: usize) -> String {
    format!("reason_{index}")
}

/// All clicks, and those of each reason's view.
pub(super) fn marked(by: By, reasons: &[&Reason]) -> SqlText {
    let arm = |reason: &str, source: &str, condition: &str| {
        let filled = MARKED.replace("{reason}", reason).replace("{value}", by.value());
        filled.replace("{source}", source).replace("{condition}", condition)
    };
    let all = arm("CAST(NULL AS VARCHAR)", "rated_clicks", "click_time BETWEEN $from AND $to");
    let each = reasons.iter().enumerate().map(|(index, reason)| arm(&quoted(&reason.name), &view_of(index), "is_hit"));
    text("marked", std::iter::once(all).chain(each).collect::<Vec<_>>().join("UNION ALL\n"))
}

/// Each click once.
pub(super) fn judged(reasons: &[&Reason]) -> SqlText {
    let flag = |(index, reason): (usize, &&Reason)| {
        format!("COALESCE(bool_or(reason = {}), false) AS is_{},\n    ", quoted(&reason.name), view_of(index))
    };
    text("judged", JUDGED.replace("{flags}", reasons.iter().enumerate().map(flag).collect::<String>().trim_end()))
}

/// Each value once.
pub(super) fn candidates(by: By, reasons: &[&Reason]) -> SqlText {
    let said = |(index, reason): (usize, &&Reason)| {
        let hits = format!("count(*) FILTER (WHERE is_{})", view_of(index));
        let share = format!("CAST(round(100.0 * {hits} / count(*)) AS BIGINT)");
        let title = quoted(&reason.question.title);
        format!("\n            CASE WHEN {hits} > 0 THEN concat({title}, ' ', {share}, ' %') END")
    };
    let reasons: Vec<String> = reasons.iter().enumerate().map(said).collect();
    let (affiliate, by_affiliate) =
        if by.is_address() { ("CAST(NULL AS BIGINT)", "") } else { ("affiliate_id", ", affiliate_id") };
    let filled = CANDIDATES
        .replace("{affiliate}", affiliate)
        .replace("{by_affiliate}", by_affiliate)
        .replace("{is_address}", if by.is_address() { "true" } else { "false" })
        .replace("{reasons}", &reasons.join(","));
    text("candidates", filled)
}

pub(super) fn text(name: &str, sql: String) -> SqlText {
    SqlText { name: format!("{name}.sql"), sql }
}

/// Text as an SQL literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

//! The ground truth as lines of JSON, for tests in other languages and processes.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::click::{Click, Values, money};
use super::content::Content;
use crate::Feed;

impl Content {
    /// Writes every click of every feed, one object a line, oldest first, those included that have not happened or appeared
    /// yet: `feed`, `transaction_id`, `unix_timestamp`, `appears_at`, `error_code`, `affiliate_id`, `offer_id`, `is_unique`,
    /// `has_conversion`, `payout`, `revenue`, and `later` (null, or the last four with `from`, the second they hold from).
    pub fn write_truth(&self, affiliate_id: i64, mut output: impl Write) -> io::Result<()> {
        for feed in Feed::ALL {
            for click in self.clicks().filter(|click| click.is_in(feed, affiliate_id)) {
                writeln!(output, "{}", line(feed, click))?;
            }
        }
        output.flush()
    }
}

fn line(feed: Feed, click: &Click) -> Value {
    let mut line = values(click.values);
    line["feed"] = feed.name().into();
    line["transaction_id"] = click.transaction_id.as_str().into();
    line["unix_timestamp"] = click.unix_timestamp.into();
    line["appears_at"] = click.appears_at.into();
    line["error_code"] = click.error_code.into();
    line["affiliate_id"] = click.affiliate_id.into();
    line["offer_id"] = click.offer_id.into();
    line["later"] = click.later.map_or(Value::Null, |(from, later)| {
        let mut later = values(later);
        later["from"] = from.into();
        later
    });
    line
}

fn values(values: Values) -> Value {
    json!({
        "is_unique": values.is_unique,
        "has_conversion": values.has_conversion,
        "payout": money(values.payout),
        "revenue": money(values.revenue),
    })
}

//! Figures for Prometheus, in the text format that the node exporter's textfile collector reads.

use prometheus::{GaugeVec, Opts, Registry, TextEncoder};

/// Gauges in the making. Names and labels are ours; the values of labels may be anything.
#[derive(Debug, Default)]
pub struct Metrics {
    registry: Registry,
}

/// A metric that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("--metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

impl Metrics {
    /// Adds a gauge `clickproof_NAME` with a sample for each combination of label values.
    ///
    /// # Errors
    /// Two gauges of a name.
    pub fn gauge<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: [&str; N],
        samples: impl IntoIterator<Item = ([String; N], f64)>,
    ) -> Result<(), MetricsError> {
        let gauges = GaugeVec::new(Opts::new(format!("clickproof_{name}"), help), &labels)?;
        for (values, sample) in samples {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            gauges.get_metric_with_label_values(&values)?.set(sample);
        }
        Ok(self.registry.register(Box::new(gauges))?)
    }

    /// The file's text, sorted by name and labels.
    ///
    /// # Errors
    /// None that gauges can cause.
    pub fn text(&self) -> Result<String, MetricsError> {
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_by_strangers_stays_in_its_label() {
        let mut metrics = Metrics::default();
        let hostile = "a\"} 1\nevil{x=\"\\".to_owned();
        metrics.gauge("clicks", "Clicks.", ["account"], [([hostile], 2.0), (["b".to_owned()], 0.5)]).unwrap();
        metrics.gauge("made", "When.", [], [([], 1.0)]).unwrap();
        let expected = "# HELP clickproof_clicks Clicks.\n# TYPE clickproof_clicks gauge\n\
                        clickproof_clicks{account=\"a\\\"} 1\\nevil{x=\\\"\\\\\"} 2\nclickproof_clicks{account=\"b\"} 0.5\n\
                        # HELP clickproof_made When.\n# TYPE clickproof_made gauge\nclickproof_made 1\n";
        assert_eq!(metrics.text().unwrap(), expected);
    }
}

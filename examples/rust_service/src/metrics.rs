//! The risk metrics of the project's registry (`registry/risk.yaml`) that this service can fill.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};
use prometheus_client::registry::{Registry, Unit};

/// The content type of the text that `Metrics::render` returns.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// In seconds, around the objective of 500 µs.
const BUCKETS: [f64; 18] = [
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_2, 0.000_3, 0.000_4, 0.000_45,
    0.000_5, 0.000_55, 0.000_6, 0.000_75, 0.001, 0.002, 0.005, 0.01, 0.05,
];

/// The fields are the names of the labels. Each has few values: identifiers belong on spans.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    trading_risk_check_type: &'static str,
    trading_risk_check_result: &'static str,
}

pub struct Metrics {
    registry: Registry,
    duration: Family<Labels, Histogram, fn() -> Histogram>,
    performed: Family<Labels, Counter>,
}

impl Metrics {
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            performed: Family::default(),
        };
        // The crate appends `_seconds` and `_total` to the names, and a full stop to the descriptions.
        metrics.registry.register_with_unit(
            "trading_risk_check_duration",
            "Time that one pre-trade check took",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        metrics.registry.register(
            "trading_risk_check_performed",
            "Pre-trade checks that came to a decision",
            metrics.performed.clone(),
        );
        metrics
    }

    /// Records one check that reached a decision.
    pub fn checked(&self, check_type: &'static str, result: &'static str, took: Duration) {
        let labels = Labels {
            trading_risk_check_type: check_type,
            trading_risk_check_result: result,
        };
        self.duration
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
        self.performed.get_or_create(&labels).inc();
    }

    /// Returns all metrics in the text format that Prometheus and the Collector scrape.
    pub fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a String does not fail");
        text
    }
}

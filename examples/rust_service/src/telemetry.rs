//! Spans over OTLP, logs as JSON lines, and the ids that join them.

use std::env;

use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts the export of spans and logs; `OTEL_*` variables set the destination.
///
/// Shut the provider down at the end, which sends the remaining spans.
pub fn start(service: &'static str) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .build()?;
    let provider = SdkTracerProvider::builder()
        .with_resource(resource(service))
        .with_batch_exporter(exporter)
        .build();

    // Spans only: the events inside them are log lines, which carry the span's ids.
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(service))
        .with_location(false)
        .with_target(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter::filter_fn(|metadata| metadata.is_span()));
    let lines = fmt::layer()
        .json()
        .flatten_event(false)
        .with_current_span(true)
        .with_span_list(true);
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(spans)
        .with(lines)
        .init();
    Ok(provider)
}

/// Makes `span` a child of the caller's span, if the headers name one, and records its ids in its fields
/// `trace_id` and `span_id`, so that every log line inside the span carries them.
///
/// Call it before the span is entered: after that, its parent cannot change.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if let Err(error) = span.set_parent(caller) {
        tracing::warn!(%error, "the caller's trace is not continued");
    }
    let context = span.context();
    let ids = context.span().span_context().clone();
    span.record("trace_id", ids.trace_id().to_string());
    span.record("span_id", ids.span_id().to_string());
}

fn resource(service: &'static str) -> Resource {
    let detected = Resource::builder(); // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
    match env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => detected.build(),
        _ => detected.with_service_name(service).build(),
    }
}

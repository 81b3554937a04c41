//! `risk-check`: one pre-trade check over HTTP, as the how-to for a Rust service next to `otel_trading`.

mod metrics;
mod telemetry;

use std::env;
use std::error::Error;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{field::Empty, info, info_span, warn};

use crate::metrics::{Metrics, OPEN_METRICS};

type Failure = Box<dyn Error + Send + Sync>;

const HOST: &str = "127.0.0.1";
const GRACE: Duration = Duration::from_secs(3);
const CHECK_TYPE: &str = "order_size";

#[derive(Debug, Deserialize)]
struct Order {
    order_id: String,
    side: Side,
    quantity: f64,
    price: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Buy,
    Sell,
    SellShort,
}

impl Side {
    const fn name(&self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
            Self::SellShort => "sell_short",
        }
    }
}

struct Service {
    max_notional: f64,
    metrics: Metrics,
}

fn main() -> Result<(), Failure> {
    let traces = telemetry::start("risk-check")?;
    let served = tokio::runtime::Runtime::new()?.block_on(serve());
    if let Err(error) = traces.shutdown() {
        warn!(%error, "the last spans may be lost");
    }
    served
}

async fn serve() -> Result<(), Failure> {
    let max_notional = setting("RISK_CHECK_MAX_NOTIONAL", 1e6)?;
    let service = Arc::new(Service {
        max_notional,
        metrics: Metrics::new(),
    });
    let checks = TcpListener::bind((HOST, setting("RISK_CHECK_PORT", 8712)?)).await?;
    let scrapes = TcpListener::bind((HOST, setting("RISK_CHECK_METRICS_PORT", 9092)?)).await?;
    let (port, metrics_port) = (checks.local_addr()?.port(), scrapes.local_addr()?.port());
    let stop = stop_token()?;
    info!(port, metrics_port, max_notional, "listening");

    let api = Router::new()
        .route("/check", post(check_order))
        .with_state(Arc::clone(&service));
    let exposition = Router::new()
        .route("/metrics", get(show_metrics))
        .with_state(service);
    let servers = async {
        tokio::try_join!(
            axum::serve(checks, api).with_graceful_shutdown(stop.clone().cancelled_owned()),
            axum::serve(scrapes, exposition).with_graceful_shutdown(stop.clone().cancelled_owned()),
        )
    };
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = servers => drop(result?),
        () = grace => warn!("connections were still open"),
    }
    info!("stopped");
    Ok(())
}

async fn check_order(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let span = info_span!(
        "check order",
        otel.kind = "server",
        trace_id = Empty,
        span_id = Empty,
        "trading.order.id" = Empty,
        "trading.order.side" = Empty,
        "trading.risk.check.type" = CHECK_TYPE,
        "trading.risk.check.result" = Empty,
        "trading.risk.check.reason" = Empty,
        "error.type" = Empty,
    );
    telemetry::continue_trace(&span, &headers);
    span.in_scope(|| {
        let order = match parse(&body) {
            Ok(order) => order,
            Err(reason) => {
                span.record("error.type", "invalid_order");
                warn!(reason, "order not understood");
                return (StatusCode::BAD_REQUEST, reason).into_response();
            }
        };
        span.record("trading.order.id", &order.order_id);
        span.record("trading.order.side", order.side.name());

        let start = Instant::now();
        let refusal = check_notional(&order, service.max_notional).err();
        let took = start.elapsed();

        let result = if refusal.is_none() { "pass" } else { "fail" };
        service.metrics.checked(CHECK_TYPE, result, took);
        span.record("trading.risk.check.result", result);
        let Some(reason) = refusal else {
            info!("order passed");
            return Json(json!({"passed": true})).into_response();
        };
        span.record("trading.risk.check.reason", &reason);
        warn!("trading.risk.check.reason" = reason, "order refused");
        Json(json!({"passed": false, "reason": reason})).into_response()
    })
}

async fn show_metrics(State(service): State<Arc<Service>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], service.metrics.render())
}

fn parse(body: &[u8]) -> Result<Order, String> {
    let order: Order =
        serde_json::from_slice(body).map_err(|error| format!("The body is not an order: {error}."))?;
    if order.quantity > 0.0 && order.price > 0.0 {
        return Ok(order);
    }
    Err("The body is not an order: quantity and price must be above 0.".to_owned())
}

fn check_notional(order: &Order, limit: f64) -> Result<(), String> {
    let notional = order.quantity * order.price;
    if notional <= limit {
        return Ok(());
    }
    Err(format!("notional {notional} is above the limit {limit}"))
}

/// Returns a token that the first SIGTERM or SIGINT cancels.
fn stop_token() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        stop.cancel();
    });
    Ok(token)
}

fn setting<T: FromStr>(name: &str, default: T) -> Result<T, Failure> {
    match env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{name}={text} is not a valid number").into()),
        Err(_) => Ok(default),
    }
}

//! Start and status over HTTP: a web service in front of an orchestration.
//!
//! ```text
//! cargo run -p durascope-patterns --example http -- 127.0.0.1:3000
//! curl -i http://127.0.0.1:3000/crawls -H 'content-type: application/json' \
//!     -d '{"pages": 100, "at_a_time": 10}'
//! ```
#![expect(clippy::print_stdout, reason = "an example says where it listens")]

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::routing::post;
use durascope_patterns::window;
use durascope_patterns::window::Crawl;
use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_sdk::Worker;
use serde_json::Value;
use serde_json::json;

type Reply = (StatusCode, Json<Value>);

async fn start(
    State(client): State<Client>,
    Json(crawl): Json<Crawl>,
) -> Result<impl IntoResponse, Reply> {
    let id = client.start(&window::CRAWL, crawl).await.map_err(problem)?;
    let url = format!("/crawls/{id}");
    let body = Json(json!({"instanceId": id, "statusUrl": url}));
    Ok((StatusCode::ACCEPTED, [(LOCATION, url)], body))
}

async fn status(State(client): State<Client>, Path(id): Path<String>) -> Result<Reply, Reply> {
    let Some(state) = client.get(&id).await.map_err(problem)? else {
        let error = format!("no orchestration has the id {id:?}");
        return Err((StatusCode::NOT_FOUND, Json(json!({"error": error}))));
    };
    let value =
        |text: &Option<String>| -> Option<Value> { serde_json::from_str(text.as_deref()?).ok() };
    let body = json!({
        "instanceId": state.instance_id,
        "status": state.status.to_string(),
        "progress": value(&state.raw_custom_status).map(|it| it["progress"].clone()),
        "output": value(&state.raw_output),
        "failure": state.failure,
    });
    Ok((StatusCode::OK, Json(body)))
}

fn problem(error: ClientError) -> Reply {
    let status = match error {
        ClientError::InvalidArgument { .. } => StatusCode::BAD_REQUEST,
        ClientError::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(json!({"error": error.to_string()})))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1);
    let listener =
        tokio::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    let client = Client::from_env()?;
    let _worker = window::register(Worker::builder(&client)).build()?.start();
    let routes = Router::new()
        .route("/crawls", post(start))
        .route("/crawls/{id}", get(status))
        .with_state(client);
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}

//! Serves a program of `docs/recipes.md` on 127.0.0.1:$PORT: `recipes-axum cors`.

#![allow(unreachable_pub)]

mod cors {
    include!(concat!(env!("OUT_DIR"), "/cors.rs"));
}

mod rate_limits {
    include!(concat!(env!("OUT_DIR"), "/rate_limits.rs"));
}

use std::env;
use std::error::Error;

use axum::Router;
use axum::routing::get;
use mcp_bearer::{Builder, Guard};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let application = match env::args().nth(1).as_deref() {
        Some("cors") => cors::application,
        Some("rate_limits") => rate_limits::application,
        _ => return Err("cors or rate_limits?".into()),
    };
    let server = Builder::from_env(env::vars())?.challenge_scopes(["todo:read"]).build()?;
    let routes = Router::new().route("/todos", get(|| async { "[]" }));

    let port: u16 = env::var("PORT")?.parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, application(routes, Guard::new(server))).await?;
    Ok(())
}

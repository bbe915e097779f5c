//! `MCP_SERVER_URL=http://127.0.0.1:9401/mcp demo-rmcp`: the official Rust client, driven over standard
//! input and output as `client.mjs` is. What it leaves to its user is done as its documentation says.

use std::error::Error;
use std::iter::successors;

use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationCallback, AuthorizationManager, AuthorizationRequest, InMemoryCredentialStore,
    OAuthState, WWWAuthenticateParams,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Nothing listens there: the redirect is read, not followed.
const REDIRECT_URI: &str = "http://127.0.0.1:8767/callback";

#[tokio::main]
async fn main() -> Result<()> {
    let mut driver = Driver::new(std::env::var("MCP_SERVER_URL")?).await?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match driver.run(&serde_json::from_str(&line)?).await {
            Ok(done) => json!({ "done": done }),
            Err(error) => json!({ "failed": chain(error.as_ref()) }),
        };
        report(&answer);
    }
    Ok(())
}

struct Driver {
    server: String,
    store: InMemoryCredentialStore,
    http: AuthClient<reqwest::Client>,
    client: Option<RunningService<RoleClient, ()>>,
}

impl Driver {
    async fn new(server: String) -> Result<Self> {
        let store = InMemoryCredentialStore::default();
        let http = AuthClient::new(reqwest::Client::new(), manager(&server, &store).await?);
        Ok(Self { server, store, http, client: None })
    }

    async fn run(&mut self, command: &Value) -> Result<Value> {
        match command["do"].as_str() {
            Some("connect") => self.connect().await,
            Some("call") => self.call(command).await,
            _ => Ok(self.client.take().map(RunningService::cancel).is_some().into()),
        }
    }

    async fn connect(&mut self) -> Result<Value> {
        let client = match ().serve(self.transport()).await {
            Ok(client) => client,
            Err(error) => {
                let challenge = error.auth_challenge().map(str::to_owned).ok_or(error)?;
                self.authorize(&challenge).await?;
                ().serve(self.transport()).await?
            }
        };
        let version = client.peer_info().map(|info| info.protocol_version.to_string());
        self.client = Some(client);
        Ok(json!({ "protocolVersion": version }))
    }

    async fn call(&mut self, command: &Value) -> Result<Value> {
        let name = command["tool"].as_str().unwrap_or_default().to_owned();
        let arguments = command["arguments"].as_object().cloned().unwrap_or_default();
        let params = CallToolRequestParams::new(name).with_arguments(arguments);
        let result = match self.client()?.call_tool(params.clone()).await {
            Ok(result) => result,
            Err(error) => {
                let challenge = error.auth_challenge().map(str::to_owned).ok_or(error)?;
                let parsed = WWWAuthenticateParams::parse(&challenge, &self.server.parse()?);
                if parsed.is_insufficient_scope() {
                    self.step_up(&parsed.scope.unwrap_or_default()).await?;
                } else {
                    self.authorize(&challenge).await?;
                    self.client = Some(().serve(self.transport()).await?);
                }
                self.client()?.call_tool(params).await?
            }
        };
        Ok(serde_json::to_value(result)?)
    }

    fn client(&self) -> Result<&RunningService<RoleClient, ()>> {
        self.client.as_ref().ok_or_else(|| "not connected".into())
    }

    fn transport(&self) -> StreamableHttpClientTransport<AuthClient<reqwest::Client>> {
        let config = StreamableHttpClientTransportConfig::with_uri(self.server.clone());
        StreamableHttpClientTransport::with_client(self.http.clone(), config)
    }

    async fn authorize(&mut self, challenge: &str) -> Result<()> {
        report(&json!({ "raised": "AuthRequired" }));
        let mut state = OAuthState::Unauthorized(manager(&self.server, &self.store).await?);
        let request =
            AuthorizationRequest::new(REDIRECT_URI).with_client_name("demo (Rust)").with_challenge(challenge);
        state.start_authorization(request).await?;
        let location = browse(&state.get_authorization_url().await?).await?;
        state.handle_callback_url(&location).await?;
        let manager = state.into_authorization_manager().ok_or("not authorized")?;
        self.http = AuthClient::new(reqwest::Client::new(), manager);
        Ok(())
    }

    async fn step_up(&self, scope: &str) -> Result<()> {
        report(&json!({ "raised": "InsufficientScope" }));
        let manager = self.http.auth_manager.lock().await;
        let location = browse(&manager.request_scope_upgrade(scope).await?).await?;
        let AuthorizationCallback { code, csrf_token, issuer, .. } =
            AuthorizationCallback::from_redirect_url(&location)?;
        manager.exchange_code_for_token_with_issuer(&code, &csrf_token, issuer.as_deref()).await?;
        Ok(())
    }
}

async fn manager(server: &str, store: &InMemoryCredentialStore) -> Result<AuthorizationManager> {
    let mut manager = AuthorizationManager::new(server).await?;
    manager.set_credential_store(store.clone());
    Ok(manager)
}

/// Where the authorization server, which asks nobody, redirects to.
async fn browse(url: &str) -> Result<String> {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let answer = browser.get(url).send().await?;
    let location = answer.headers().get("location").ok_or("no redirect")?;
    Ok(location.to_str()?.to_owned())
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let errors = successors(Some(error), |&error| error.source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[expect(clippy::print_stdout, reason = "that is how it is driven")]
fn report(message: &Value) {
    println!("{message}");
}

//! Every route of the server, on one page.

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::routing::get;
use http::{HeaderValue, header};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use waypost_api::{
    AccessEvent, ConversationEvent, CustomerEvent, ErrorBody, FieldEvent, MessageEvent, OutboxEvent,
    StatusEvent, UpdateEvent, room,
};
use waypost_realtime::Hub;

use crate::app::App;
use crate::http::credential::Caller;
use crate::http::{
    accounts, audit, begin, conversations, customers, gate, health, me, messages, operation, pages, pause,
    problem, recent, sign_in, view, webhook,
};
use crate::live::Live;
use crate::needs;

/// What the main listener serves.
pub(crate) fn main_routes(app: &App, hub: &Hub<Live>) -> Router {
    let gated = middleware::from_fn_with_state(app.gate.clone(), gate::pass);
    let (documented, _) = documented().split_for_parts();
    // CORS stands before the gate, so that a refusal can be read by the page that was refused.
    let behind_the_gate = documented
        .layer(middleware::from_fn(view::show))
        .layer(middleware::from_fn(pause::slow_down))
        .route("/api/openapi.json", get(openapi))
        .with_state(app.clone())
        .merge(hub.router().layer(middleware::from_fn_with_state(app.clone(), begin::pass)))
        // Set before the layers, which have to see a preflight: it is an OPTIONS, which no route takes.
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(gated)
        .layer(app.gate.cors());
    Router::new()
        .route("/", get(pages::front_page))
        .route("/whatsapp-websocket-test.html", get(pages::test_client))
        .route("/whatsapp-websocket-test.js", get(pages::test_client_script))
        .route("/whatsapp-websocket-test.css", get(pages::test_client_style))
        .route("/socket.io/socket.io.js", get(pages::socket_io_client))
        .route("/login", get(pages::login))
        .route("/login.js", get(pages::login_script))
        .route("/login.css", get(pages::login_style))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(app.clone())
        .merge(webhook_routes(app))
        .merge(behind_the_gate)
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
}

/// What the webhook's own listener serves: what is signed, and nothing else.
pub(crate) fn webhook_routes(app: &App) -> Router {
    let both = get(webhook::verify_webhook).post(webhook::receive_webhook);
    Router::new()
        .route("/whatsapp/webhook", both.clone())
        .route("/whatsapp/webhook/{app}", both)
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(app.clone())
}

/// The routes of REST that need a credential, with their description.
fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(messages::send_message))
        .routes(routes!(messages::create_message))
        .routes(routes!(customers::show_customer, customers::change_customer))
        .routes(routes!(customers::merge_customer))
        .routes(routes!(customers::unmerge_customer))
        .routes(routes!(customers::list_duplicates))
        .routes(routes!(customers::dismiss_duplicate))
        .routes(routes!(conversations::show_message))
        .routes(routes!(conversations::list_conversations))
        .routes(routes!(conversations::show_conversation, conversations::assign_conversation))
        .routes(routes!(conversations::list_messages))
        .routes(routes!(conversations::list_customers))
        .routes(routes!(recent::recent_conversations))
        .routes(routes!(recent::recent_of_customer))
        .routes(routes!(recent::clear_conversation))
        .routes(routes!(recent::recent_messages))
        .routes(routes!(recent::recent_chat))
        .routes(routes!(operation::list_numbers))
        .routes(routes!(operation::list_dead_letters))
        .routes(routes!(operation::read_dead_letter))
        .routes(routes!(operation::reprocess_dead_letters))
        .routes(routes!(health::metrics))
        .routes(routes!(audit::list_audit))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(sign_in::show_link))
        .routes(routes!(sign_in::use_link))
        .routes(routes!(me::show_me))
        .routes(routes!(me::change_password))
        .routes(routes!(me::list_my_sessions))
        .routes(routes!(me::end_my_session))
        .routes(routes!(me::enrol_totp))
        .routes(routes!(me::confirm_totp))
        .routes(routes!(me::disable_totp))
        .routes(routes!(accounts::list_accounts, accounts::invite))
        .routes(routes!(accounts::change_account))
        .routes(routes!(accounts::reset_account))
        .routes(routes!(accounts::list_sessions, accounts::end_sessions))
}

/// The description of everything that is served.
pub(crate) fn description() -> OpenApi {
    let (_, mut described) = OpenApiRouter::<App>::with_openapi(base())
        .merge(documented())
        .routes(routes!(webhook::verify_webhook, webhook::receive_webhook))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .split_for_parts();
    needs::describe(&mut described);
    described
}

fn base() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(components(schemas(
        MessageEvent<'static>,
        StatusEvent<'static>,
        UpdateEvent<'static>,
        OutboxEvent<'static>,
        FieldEvent<'static>,
        CustomerEvent<'static>,
        ConversationEvent<'static>,
        AccessEvent,
        ErrorBody<'static>,
        room::Connected<'static>,
        room::Visitor<'static>,
        room::RoomChanged<'static>,
        room::JoinAck<'static>,
        room::LeaveAck<'static>,
        room::Refusal<'static>,
        room::Exception<'static>,
        room::ServerState,
    )))]
    struct Events;

    let mut base = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Waypost")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "REST, and the payloads of the Socket.IO events as schemas. Errors are problem details (RFC 9457).",
                )),
        )
        .security(Some(["key", "session"].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, []))))
        .build();
    base.components = <Events as utoipa::OpenApi>::openapi().components;
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key, or a token of your own login (a JWT)"))
        .build();
    let components = base.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(key));
    let cookie = ApiKeyValue::with_description(
        "waypost",
        "Of whoever has signed in; `__Host-waypost` where the public address is https. What changes something has to have \
         the header `X-Waypost-CSRF`, with any value",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    base
}

/// The description as it is served and committed.
pub(crate) fn description_json() -> String {
    description().to_pretty_json().expect("a description is made of strings, numbers and lists")
}

async fn openapi(_: State<App>, _: Caller) -> ([(header::HeaderName, HeaderValue); 1], String) {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], description_json())
}

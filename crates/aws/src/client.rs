//! The HTTP client of every service: one pool of connections, and no change that is sent twice unasked.

use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream, config_bag::ConfigBag};

use crate::{
    endpoint,
    tap::Tap,
    wire::{Access, Asked},
};

/// Status under which a change is reported that failed inside the service, so that it may have had its effect.
pub(crate) const EFFECT_UNKNOWN: u16 = 599;

/// Status of what an endpoint does not implement.
pub(crate) const NOT_IMPLEMENTED: u16 = 501;

/// The client of a connection.
pub(crate) fn new(tap: Option<Tap>) -> SharedHttpClient {
    let https =
        Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    match tap {
        Some(tap) => once(SharedHttpClient::new(tap.over(https))),
        None => once(https),
    }
}

/// Keeps the SDK from repeating a change whose outcome is unknown.
///
/// The SDK repeats every request that found no answer or failed inside the service. A create without a client
/// token (`ec2:CreateVpc`) would then make two objects. Whoever called has to look first, so a lost change is
/// turned into something that the SDK hands up instead: an error that is not marked as transient, or the status
/// 599. Reads and throttled requests, which had no effect, are repeated by the SDK as ever.
pub(crate) fn once(inner: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Once(inner))
}

#[derive(Debug)]
struct Once<T>(T);

impl HttpClient for Once<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Once(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.0, components, config)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, config: &ConfigBag) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.0, components, config)
    }
}

impl HttpConnector for Once<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let access = Asked::of(&request).access;
        // An answer to HEAD has no page, whatever its headers say.
        let paged = !endpoint::is_of_aws(request.uri()) && request.method() != "HEAD";
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = match access {
                Access::Read => answer.await,
                Access::Change => match answer.await {
                    Ok(response) => whole(response).await,
                    Err(error) => Err(error),
                }
                .map_err(final_error),
            };
            answer.map(|mut response| {
                if let Some(status) = other_status(&response, access, paged) {
                    *response.status_mut() = status;
                }
                response
            })
        })
    }
}

/// The answer with its body read to the end: one that is cut off counts as lost.
async fn whole(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body.map_err(|error| ConnectorError::io(error.into()))?;
    *response.body_mut() = SdkBody::from(body.into_bytes());
    Ok(response)
}

/// The error without the mark that makes the SDK send the request again.
fn final_error(error: ConnectorError) -> ConnectorError {
    if error.is_user() { error } else { ConnectorError::other(error.into(), None) }
}

/// Emulators answer what they lack with a page of HTML, which the SDK would take for a passing failure.
fn other_status(response: &HttpResponse, access: Access, paged: bool) -> Option<StatusCode> {
    let status = response.status().as_u16();
    let html = response.headers().get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let other = match status {
        404 | 405 | 500 if paged && html => NOT_IMPLEMENTED,
        500 | 502..=504 if access == Access::Change => EFFECT_UNKNOWN,
        _ => return None,
    };
    StatusCode::try_from(other).ok()
}

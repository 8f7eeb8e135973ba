//! What stands in an address: names in its path, fields in its query.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query};
use http::request;
use serde::de::DeserializeOwned;
use waypost_api::ErrorCode;
use waypost_domain::PageSize;

use super::problem::Refusal;
use crate::app::App;

/// The one name in a path, whatever it names.
pub(crate) struct PathName(pub(crate) String);

impl FromRequestParts<App> for PathName {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Refusal> {
        let Path(name) = Path::from_request_parts(parts, app)
            .await
            .map_err(|_| Refusal::because(ErrorCode::InvalidRequest, "the address is not UTF-8"))?;
        Ok(Self(name))
    }
}

/// The fields of a query. One that the route does not know, or that comes twice, is refused.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Refusal> {
        let Query(fields) = Query::from_request_parts(parts, app)
            .await
            .map_err(|error| Refusal::because(ErrorCode::InvalidRequest, explain(&error)))?;
        Ok(Self(fields))
    }
}

/// What is wrong with a query, in the words that name the field. All fields are texts: no value can be wrong.
fn explain(error: &QueryRejection) -> String {
    let said = error.body_text();
    said.rsplit_once("query string: ").map_or_else(|| said.clone(), |(_, cause)| cause.to_owned())
}

/// A field that is not as it has to be.
pub(crate) fn wrong(field: &str, expected: &str) -> Refusal {
    Refusal::because(ErrorCode::InvalidRequest, format!("{field}: {expected}"))
}

/// A field, where it is given, as what it has to be.
pub(crate) fn field<T>(
    (name, value): (&str, Option<&str>),
    parse: impl FnOnce(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, Refusal> {
    value.map(|value| parse(value).ok_or_else(|| wrong(name, expected))).transpose()
}

/// What a login has to be.
pub(crate) const A_LOGIN: &str = "1 to 128 bytes without white space";
/// What the name of a person has to be.
pub(crate) const A_NAME: &str = "1 to 100 characters, none of them a control character";

/// What is wrong with a cursor that is not of the list.
pub(crate) const NOT_A_CURSOR: &str = "not a cursor of this list";

/// How many rows are asked for.
pub(crate) fn page_size(limit: Option<&str>) -> Result<PageSize, Refusal> {
    let parse = |text: &str| text.parse().ok().and_then(PageSize::new);
    Ok(field(("limit", limit), parse, "it has to be 1 to 100")?.unwrap_or_default())
}

//! API keys, made and revoked on a connection of their own.

use tokio::runtime::Runtime;
use tokio_postgres::Client;
use waypost_domain::Timestamp;

use super::reads::api_key;
use super::url::PostgresUrl;
use super::{arrival, link};
use crate::columns::{key_numbers_to_column, key_scopes_to_column};
use crate::error::ReadError;
use crate::group::DatabaseError;
use crate::keys::ApiKey;
use crate::options::OpenError;

/// A connection that waits for each answer. Not to be used on a runtime.
pub(crate) struct PostgresKeys {
    runtime: Runtime,
    client: Client,
}

impl PostgresKeys {
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, OpenError> {
        let open = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| OpenError::Database(error.into()))?;
            let (mut client, connection) =
                runtime.block_on(link::connect(url, "")).map_err(link::no_connection)?;
            runtime.spawn(async {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "the connection for API keys has ended");
                }
            });
            runtime.block_on(link::answered(async {
                link::migrate(&mut client).await?;
                arrival::refuse_unfinished(&client).await
            }))?;
            Ok(Self { runtime, client })
        };
        open().map_err(|error| OpenError::Postgres { url: url.clone(), source: Box::new(error) })
    }

    pub(crate) fn create(&self, key: &ApiKey, digest: &[u8; 32]) -> Result<(), ReadError> {
        let sql = "INSERT INTO api_keys (id, name, digest, created_at, scopes, expires_at, numbers)
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
        self.wait(async {
            let at = key.created_at.as_millis();
            let (scopes, end) = (key_scopes_to_column(&key.scopes), key.expires_at.map(Timestamp::as_millis));
            let numbers = key.numbers.as_ref().map(key_numbers_to_column);
            self.client
                .execute(sql, &[&key.id, &key.name, &&digest[..], &at, &scopes, &end, &numbers])
                .await?;
            Ok(())
        })
    }

    pub(crate) fn list(&self) -> Result<Vec<ApiKey>, ReadError> {
        let sql =
            "SELECT id, name, created_at, scopes, expires_at, numbers FROM api_keys ORDER BY created_at, id";
        self.wait(async { self.client.query(sql, &[]).await?.iter().map(api_key).collect() })
    }

    pub(crate) fn delete(&self, id: &str) -> Result<bool, ReadError> {
        self.wait(async { Ok(self.client.execute("DELETE FROM api_keys WHERE id = $1", &[&id]).await? == 1) })
    }

    fn wait<T>(&self, asked: impl Future<Output = Result<T, DatabaseError>>) -> Result<T, ReadError> {
        let bounded = async { tokio::time::timeout(link::ANSWER_TIMEOUT, asked).await };
        self.runtime
            .block_on(bounded)
            .map_err(|_| ReadError::of(link::NoAnswer))?
            .map_err(ReadError::Database)
    }
}

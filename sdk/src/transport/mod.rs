//! Everything between this crate and the network; no other module names the transport.

mod attempts;
#[cfg(feature = "azure")]
mod azure;
mod backoff;
mod channel;
mod connection;
mod connection_string;
mod credentials;
mod endpoint;
mod error;
mod options;
mod repeat;
pub(crate) mod status;
mod token;

pub use channel::HubChannel;
pub use connection_string::Authentication;
pub use connection_string::ConnectionString;
pub use connection_string::ConnectionStringError;
pub use endpoint::HubEndpoint;
pub use error::ClientError;
pub use options::ConnectOptions;
pub use options::task_hub_from_variables;
pub use repeat::Repeat;
pub use token::AccessToken;
pub use token::TOKEN_SCOPE;
pub use token::TokenProvider;

pub(crate) use backoff::random;
pub(crate) use connection::Connection;
pub(crate) use connection::Role;
pub(crate) use connection::Stub;
pub(crate) use tonic::Code;
pub(crate) use tonic::Request;
pub(crate) use tonic::Response;
pub(crate) use tonic::Status;
pub(crate) use tonic::Streaming;

//! What any program of gRPC and HTTP has below its own matter: one client stack, accepting and
//! serving, readiness, tasks, telemetry, the ops port. It knows no contract and no service.

pub mod address;
pub mod backoff;
mod causes;
pub mod client;
pub mod clock;
pub mod coding;
pub mod etag;
pub mod http;
pub mod in_process;
pub mod listen;
pub mod members;
pub mod metadata;
pub mod names;
pub mod ops;
pub mod planted;
pub mod process;
pub mod random;
pub mod readiness;
pub mod room;
pub mod secret_url;
pub mod secrets;
pub mod start;
pub mod tasks;
pub mod telemetry;
pub mod tls;

pub use causes::causes;
pub use secret_url::SecretUrl;
pub use start::StartError;

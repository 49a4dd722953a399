//! Why a process does not start, or does not go on.

/// What keeps a process from running.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong; each entry is one mistake. Exit code 2.
    #[error("{}", .0.join("\n"))]
    Config(Vec<String>),
    /// The contract and the server do not fit, such as a method without an access rule.
    #[error("{}", .0.join("\n"))]
    Contract(Vec<String>),
    /// A port cannot be listened on.
    #[error("{name} cannot listen on {address}: {source}; {flag} chooses another address")]
    Listen {
        /// Whose port it is.
        name: String,
        /// The address.
        address: String,
        /// The flag that changes it.
        flag: String,
        /// Why.
        source: std::io::Error,
    },
    /// A task that has to run for the life of the process ended.
    #[error("the task {task} of {service} ended: {why}")]
    TaskDied {
        /// The service that started it.
        service: String,
        /// Its name.
        task: String,
        /// How it ended.
        why: String,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl StartError {
    /// One mistake of the configuration.
    pub fn config(mistake: impl Into<String>) -> StartError {
        StartError::Config(vec![mistake.into()])
    }

    /// Anything that has no variant of its own.
    pub fn other(why: impl std::fmt::Display) -> StartError {
        StartError::Other(why.to_string())
    }

    /// The exit code of a process that ends with it: 2 for what the operator wrote, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Config(_) => 2,
            _ => 1,
        }
    }
}

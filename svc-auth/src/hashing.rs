//! Hashing passwords beside the async threads, a bounded number at once.

use std::sync::Arc;
use std::thread;

use runtime::random::Random;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::domain::password;
use crate::error::Error;

/// How many may wait for each that is being hashed before more are turned away.
const QUEUE: usize = 32;

/// Hashes and verifies passwords.
#[derive(Clone, Debug)]
pub(crate) struct Hashing {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    random: Random,
    /// The hash of a password that nobody knows, for accounts that do not exist.
    nobody: Arc<str>,
}

impl Hashing {
    /// Hashes `concurrency` passwords at once; as many as there are cores if it is 0.
    #[must_use]
    pub(crate) fn new(concurrency: usize, random: Random) -> Self {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        let concurrency = if concurrency == 0 {
            cores()
        } else {
            concurrency
        };
        Self {
            running: Arc::new(Semaphore::new(concurrency)),
            waiting: Arc::new(Semaphore::new(concurrency * QUEUE)),
            nobody: password::of_nobody(random.bytes(), random.bytes()).into(),
            random,
        }
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, Error> {
        let salt = self.random.bytes();
        self.run(move || password::hash(password.expose_secret(), salt))
            .await
    }

    /// Whether the password belongs to the hash. Without a hash it does not, which takes as long
    /// to find out.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, Error> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let matches = self
            .run(move || password::verify(password.expose_secret(), &hash))
            .await?;
        Ok(known && matches)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.waiting.try_acquire().map_err(|_| Error::Overloaded)?;
        let permit = self
            .running
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Error::Overloaded)?;
        // The permit goes along: who hangs up does not make room for one more while it runs.
        let work = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        match work.await {
            Ok(result) => Ok(result),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Error::Overloaded),
        }
    }
}

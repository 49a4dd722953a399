//! Hashing passwords beside the async threads: within a budget of memory, and on no more cores
//! than there are.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use net::random::Random;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::domain::password::hash::{self, Form};
use crate::domain::password::{Fit, Typed, opaque};
use crate::error::Error;

/// How many may wait for each that can be hashed at once before more are turned away.
const QUEUE: u32 = 32;
/// How long one waits before it is turned away.
const PATIENCE: Duration = Duration::from_secs(5);
/// Kibibytes of a mebibyte.
const KIB: u32 = 1024;

/// Hashes and verifies passwords.
#[derive(Clone, Debug)]
pub(crate) struct Hashing {
    /// Memory in KiB.
    budget: u32,
    memory: Arc<Semaphore>,
    /// Memory alone would let hundreds of bcrypt hashes take the cores from the async threads.
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    random: Random,
    /// By form: how often a password was hashed, to store it or to compare it.
    hashed: Counter<u64>,
}

impl Hashing {
    /// Works in `budget` mebibytes.
    #[must_use]
    pub(crate) fn new(budget: u32, random: Random, meter: &Meter) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::on(cores, budget, random, meter)
    }

    fn on(cores: usize, budget: u32, random: Random, meter: &Meter) -> Self {
        let budget = budget.saturating_mul(KIB);
        let at_once = (budget / Form::ours().memory()).max(1) as usize;
        Self {
            budget,
            memory: Arc::new(Semaphore::new(budget as usize)),
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(at_once.min(cores) * QUEUE as usize)),
            random,
            hashed: meter
                .u64_counter("tradewind.passwords.hashed")
                .with_description("Passwords that were hashed, to store or to compare them.")
                .build(),
        }
    }

    /// Hashes a password, in the form in which passwords are compared.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, Error> {
        let salt = self.random.bytes();
        let password = opaque(password.expose_secret()).unwrap_or(password);
        let work = move || hash::hash(password.expose_secret(), salt);
        self.run(&Form::ours(), work).await
    }

    /// How the password fits the hash, if it does. Without a hash it does not.
    ///
    /// The same work is done whatever the hash is, or if there is none: a password is verified
    /// once in each of `forms`, which are those of all hashes there are, and in ours. Time tells a
    /// stranger neither whether there is an account nor where its hash is from.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub(crate) async fn verify(
        &self,
        password: &Typed,
        hash: Option<String>,
        forms: &[Form],
    ) -> Result<Option<Fit>, Error> {
        let mut fits = None;
        for Check { form, hash, counts } in checks(hash, forms) {
            let password = password.clone();
            let fit = self.run(&form, move || password.fit(&hash)).await?;
            if counts {
                fits = fit;
            }
        }
        Ok(fits)
    }

    /// Does the work once there are memory and a core for it, and room to wait for them.
    async fn run<T: Send + 'static>(
        &self,
        form: &Form,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.queue.try_acquire().map_err(|_| Error::Overloaded)?;
        // One that needs more than there is runs alone.
        let memory = form.memory().clamp(1, self.budget);
        let permits = async {
            let memory = self.memory.clone().acquire_many_owned(memory).await?;
            Ok::<_, tokio::sync::AcquireError>((memory, self.cores.clone().acquire_owned().await?))
        };
        let permits = timeout(PATIENCE, permits)
            .await
            .map_err(|_| Error::Overloaded)?
            .map_err(|_| Error::Overloaded)?;
        let form = KeyValue::new("form", form.as_str().to_owned());
        self.hashed.add(1, &[form]);
        // The permits go along: who hangs up does not make room for one more while it runs.
        let work = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permits);
            result
        });
        match work.await {
            Ok(result) => Ok(result),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Error::Overloaded),
        }
    }
}

/// A hash to verify a password against.
#[derive(Debug)]
struct Check {
    form: Form,
    hash: String,
    /// Whether it is the account's; the others are nobody's.
    counts: bool,
}

/// One check in each form, in the same order whichever the account's is.
fn checks(hash: Option<String>, forms: &[Form]) -> Vec<Check> {
    let own = hash.map(|hash| (Form::of(&hash), hash));
    let mut all = forms.to_vec();
    if own.is_none() || !forms.is_empty() {
        all.push(Form::ours());
    }
    all.extend(own.as_ref().map(|(form, _)| form.clone()));
    all.sort();
    all.dedup();
    all.into_iter()
        .map(|form| match &own {
            Some((own, hash)) if *own == form => Check {
                form,
                hash: hash.clone(),
                counts: true,
            },
            _ => Check {
                hash: form.of_nobody(),
                form,
                counts: false,
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures::future::join_all;

    use super::*;

    fn hashing(cores: usize, budget: u32) -> Hashing {
        let meter = opentelemetry::global::meter("test");
        Hashing::on(cores, budget, Random::seeded(1), &meter)
    }

    fn argon2(memory: u32) -> Form {
        Form::read(format!("$argon2id$v=19$m={},t=1,p=1", memory * KIB))
    }

    fn bcrypt() -> Form {
        Form::read("$2b$04".to_owned())
    }

    /// How many of `count` pieces of work run at once, once no more can.
    async fn at_once(hashing: &Hashing, form: &Form, count: usize) -> usize {
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let work = (0..count).map(|_| {
            let (running, most) = (running.clone(), most.clone());
            hashing.run(form, move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(20));
                running.fetch_sub(1, Ordering::SeqCst);
            })
        });
        for result in join_all(work).await {
            result.unwrap();
        }
        most.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn no_more_run_at_once_than_memory_and_cores_allow() {
        let many = hashing(16, 64);
        assert!(at_once(&many, &Form::ours(), 12).await <= 3);
        assert!(at_once(&many, &argon2(32), 6).await <= 2);
        assert!(at_once(&many, &bcrypt(), 40).await <= 16);
        assert!(at_once(&hashing(2, 64), &bcrypt(), 12).await <= 2);
    }

    #[tokio::test]
    async fn one_that_needs_more_than_the_budget_runs_alone() {
        assert_eq!(at_once(&hashing(16, 64), &argon2(256), 3).await, 1);
    }

    #[tokio::test]
    async fn beyond_a_bounded_queue_one_is_told_to_come_again() {
        let hashing = hashing(1, 20);
        let (release, released) = mpsc::channel::<()>();
        let ours = Form::ours();
        let first = hashing.run(&ours, move || {
            let _ = released.recv();
        });
        let others = (0..QUEUE).map(|_| hashing.run(&ours, || ()));
        let others = async {
            let results = join_all(others).await;
            results.into_iter().filter(Result::is_err).count()
        };
        // The first runs, as many wait as the queue has room for beside it, one is turned away.
        let one_more = async {
            tokio::task::yield_now().await;
            let refused = hashing.run(&ours, || ()).await;
            drop(release);
            refused
        };
        let (first, turned_away, one_more) = tokio::join!(first, others, one_more);
        first.unwrap();
        assert_eq!(turned_away, 1);
        let status = tonic::Status::from(one_more.unwrap_err());
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        assert!(runtime::status::retry_delay(&status).is_some());
    }

    #[test]
    fn where_hashes_were_imported_the_work_is_the_same_for_any_hash_and_for_none() {
        let forms = [bcrypt(), argon2(64), Form::ours()];
        let work = |hash: Option<String>| -> Vec<Form> {
            let checks = checks(hash, &forms);
            checks.into_iter().map(|check| check.form).collect()
        };
        let unknown = work(None);
        assert_eq!(unknown.len(), 3);
        for form in &forms {
            assert_eq!(work(Some(form.of_nobody())), unknown);
        }
    }

    #[test]
    fn where_all_hashes_are_ours_one_is_verified() {
        for forms in [vec![Form::ours()], vec![]] {
            for hash in [None, Some(hash::hash("x", [7; 16]))] {
                let checks = checks(hash, &forms);
                let [check] = checks.as_slice() else {
                    panic!("more than one: {checks:?}")
                };
                assert_eq!(check.form, Form::ours());
            }
        }
    }

    #[tokio::test]
    async fn only_the_accounts_own_hash_lets_somebody_in() {
        let hashing = hashing(2, 64);
        let typed = Typed::from("correct horse".to_owned());
        let own = hash::hash("correct horse", [7; 16]);
        let forms = [bcrypt(), Form::ours()];
        let verify = |hash| hashing.verify(&typed, hash, &forms);
        assert_eq!(verify(Some(own)).await.unwrap(), Some(Fit::Opaque));
        assert_eq!(verify(None).await.unwrap(), None);
        let other = hash::hash("wrong horse", [7; 16]);
        assert_eq!(verify(Some(other)).await.unwrap(), None);
    }
}

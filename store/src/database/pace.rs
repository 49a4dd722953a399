//! How statements run on SQLite: as they are, or in the turns that a simulation gives them.

#[cfg(not(feature = "testing"))]
pub(super) use plain::Pace;
#[cfg(feature = "testing")]
pub(crate) use turns::{Pace, settle};
#[cfg(feature = "testing")]
pub use turns::{Turn, Turns};

#[cfg(not(feature = "testing"))]
mod plain {
    use std::marker::PhantomData;

    /// How statements run.
    #[derive(Clone, Copy, Default)]
    pub struct Pace<'t>(PhantomData<&'t ()>);

    impl Pace<'_> {
        /// The statement.
        pub fn of<F: Future>(self, statement: F) -> F {
            statement
        }
    }
}

#[cfg(feature = "testing")]
mod turns {
    use futures::future::BoxFuture;

    /// What is about to happen, or has just happened.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Turn {
        /// A transaction begins, or a connection is taken to read.
        Begin,
        /// A statement runs.
        Statement,
        /// A transaction commits.
        Commit,
        /// It has committed, and nobody knows of it yet.
        Committed,
    }

    /// When things happen. What never comes back has crashed.
    pub trait Turns: Send + Sync {
        /// Waits for its turn.
        fn turn(&self, turn: Turn) -> BoxFuture<'_, ()>;
    }

    /// How statements run.
    #[derive(Clone, Copy, Default)]
    pub struct Pace<'t>(Option<&'t dyn Turns>);

    impl<'t> Pace<'t> {
        /// In turns.
        pub(crate) fn in_turns(turns: &'t dyn Turns) -> Self {
            Self(Some(turns))
        }

        /// The statement, when it is its turn.
        pub async fn of<F: Future>(self, statement: F) -> F::Output {
            let Some(turns) = self.0 else {
                return statement.await;
            };
            turns.turn(Turn::Statement).await;
            settle(statement)
        }
    }

    /// Runs what a thread of the database does to its end, and nothing beside it.
    pub(crate) fn settle<F: Future>(statement: F) -> F::Output {
        futures::executor::block_on(statement)
    }
}

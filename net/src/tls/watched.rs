//! What is made of files, and made again when they change.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_util::task::AbortOnDropHandle;

use super::pem::PemFile;

/// Between two looks at the files. Their content is compared, so that it does not matter how they are
/// replaced: in place, by renaming, or by a link that is moved, as Kubernetes does it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is made of files. They are looked at for as long as this lives.
pub(super) struct Watched<T> {
    newest: Arc<ArcSwap<T>>,
    _looking: Option<AbortOnDropHandle<()>>,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Makes it of these files, now and whenever they have changed. What cannot be made of new ones is
    /// told once, and the old one stays. Within a Tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(super) fn of(
        files: Vec<PemFile>,
        make: impl Fn() -> Result<T, Vec<String>> + Send + Sync + 'static,
    ) -> Result<Watched<T>, Vec<String>> {
        // Before it is made: what changes meanwhile is found changed at the next look.
        let seen = content(&files);
        let mut watched = Watched::fixed(make()?);
        if !files.is_empty() {
            let looking = look(files, seen, make, watched.newest.clone());
            watched._looking = Some(AbortOnDropHandle::new(tokio::spawn(looking)));
        }
        Ok(watched)
    }

    /// What no file changes.
    pub(super) fn fixed(made: T) -> Watched<T> {
        Watched {
            newest: Arc::new(ArcSwap::from_pointee(made)),
            _looking: None,
        }
    }

    pub(super) fn newest(&self) -> Arc<T> {
        self.newest.load_full()
    }
}

type Content = Vec<Result<Vec<u8>, String>>;

fn content(files: &[PemFile]) -> Content {
    files.iter().map(PemFile::read).collect()
}

async fn look<T: Send + Sync + 'static>(
    files: Vec<PemFile>,
    mut seen: Content,
    make: impl Fn() -> Result<T, Vec<String>> + Send + Sync + 'static,
    newest: Arc<ArcSwap<T>>,
) {
    let (files, make) = (Arc::new(files), Arc::new(make));
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let (same, make) = (files.clone(), make.clone());
        // A file system may be slow.
        let looked = tokio::task::spawn_blocking(move || {
            let found = content(&same);
            let made = (found != seen).then(|| make());
            (found, made)
        });
        // Only a runtime that ends cancels it.
        let Ok((found, made)) = looked.await else {
            return;
        };
        seen = found;
        let names = || files.iter().map(ToString::to_string).collect::<Vec<_>>();
        match made {
            None => {}
            Some(Ok(made)) => {
                newest.store(Arc::new(made));
                let files = names().join(", ");
                tracing::info!(
                    files,
                    "certificates or keys have changed: new connections get the new"
                );
            }
            Some(Err(mistakes)) => {
                let why = mistakes.join("; ");
                tracing::error!(
                    why,
                    "new certificates or keys are refused, the old ones stay"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_wrong_is_refused_once_and_the_old_stays_until_it_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let write = |content: &str| std::fs::write(&path, content).unwrap();
        write("1");
        let file = PemFile::new("--number", &path);
        let tried = Arc::new(AtomicUsize::new(0));
        let make = {
            let (file, tried) = (file.clone(), tried.clone());
            move || {
                tried.fetch_add(1, Ordering::Relaxed);
                let number =
                    String::from_utf8_lossy(&file.read().map_err(|why| vec![why])?).parse();
                number.map_err(|_| vec!["no number".to_owned()])
            }
        };
        let watched = Watched::<u32>::of(vec![file], make).unwrap();
        for (content, number, tries) in [("1", 1, 1), ("one", 1, 2), ("2", 2, 3), ("2", 2, 3)] {
            write(content);
            tokio::time::sleep(LOOK_EVERY * 3).await;
            let found = (*watched.newest(), tried.load(Ordering::Relaxed));
            assert_eq!(found, (number, tries), "{content}");
        }
        std::fs::remove_file(&path).unwrap();
        tokio::time::sleep(LOOK_EVERY * 3).await;
        assert_eq!(*watched.newest(), 2);
    }
}

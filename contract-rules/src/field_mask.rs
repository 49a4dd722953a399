//! Rules of `google.protobuf.FieldMask`.

use crate::number::list;
use crate::violation::Wrong;

#[derive(Debug)]
pub(crate) enum MaskRule {
    Const(Vec<String>),
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl MaskRule {
    pub(crate) fn check(&self, paths: &[&str]) -> Option<Wrong> {
        match self {
            MaskRule::Const(must) => Wrong::unless(paths == must, "const", || {
                format!("must have the paths {}", list(must))
            }),
            MaskRule::In(all) => {
                let fits = paths.iter().all(|path| covers(all, path));
                Wrong::unless(fits, "in", || {
                    format!("must only have paths in {}", list(all))
                })
            }
            MaskRule::NotIn(all) => {
                let fits = !paths.iter().any(|path| covers(all, path));
                Wrong::unless(fits, "not_in", || {
                    format!("must have no paths in {}", list(all))
                })
            }
        }
    }
}

/// Whether a path is one of these, or within one.
fn covers(all: &[String], path: &str) -> bool {
    all.iter().any(|one| {
        path.strip_prefix(one.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

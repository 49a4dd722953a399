//! What an owner may change of an account (AIP-134).

/// Fields of the contract's `User` that are output only, or control the update: in a mask
/// they are ignored (AIP-203).
const IGNORED: [&str; 8] = [
    "user_id",
    "external_id",
    "email",
    "roles",
    "state",
    "create_time",
    "update_time",
    "etag",
];

/// A path of an update mask is no field of an account.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no field of a user")]
pub struct UnknownPath(pub String);

/// New values; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// Name shown to others.
    pub display_name: Option<String>,
    /// Address of a picture; empty for none.
    pub avatar_url: Option<String>,
}

impl ProfileChange {
    /// Takes the fields that the mask names. Without a mask, those that are not empty
    /// (AIP-134); `*` takes all.
    ///
    /// # Errors
    /// [`UnknownPath`] names the first path that is no field of an account.
    pub fn masked(
        display_name: String,
        avatar_url: String,
        mask: Option<&[String]>,
    ) -> Result<Self, UnknownPath> {
        let Some(paths) = mask.filter(|paths| !paths.is_empty()) else {
            return Ok(Self {
                display_name: Some(display_name).filter(|name| !name.is_empty()),
                avatar_url: Some(avatar_url).filter(|url| !url.is_empty()),
            });
        };
        let mut change = Self::default();
        for path in paths {
            match path.as_str() {
                "display_name" => change.display_name = Some(display_name.clone()),
                "avatar_url" => change.avatar_url = Some(avatar_url.clone()),
                "*" => {
                    change.display_name = Some(display_name.clone());
                    change.avatar_url = Some(avatar_url.clone());
                }
                other if IGNORED.contains(&other) => {}
                other => return Err(UnknownPath(other.to_owned())),
            }
        }
        Ok(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(paths: &[&str]) -> Result<ProfileChange, UnknownPath> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        ProfileChange::masked("Ada".into(), String::new(), Some(&paths))
    }

    #[test]
    fn only_the_named_fields_change() {
        let change = masked(&["avatar_url"]).unwrap();
        assert_eq!(
            change,
            ProfileChange {
                display_name: None,
                avatar_url: Some(String::new())
            }
        );
    }

    #[test]
    fn output_only_fields_in_a_mask_are_ignored() {
        let change = masked(&["email", "roles", "etag", "display_name"]).unwrap();
        assert_eq!(
            change,
            ProfileChange {
                display_name: Some("Ada".into()),
                avatar_url: None
            }
        );
    }

    #[test]
    fn an_unknown_path_is_refused() {
        assert_eq!(masked(&["nickname"]), Err(UnknownPath("nickname".into())));
    }

    #[test]
    fn without_a_mask_what_is_present_changes() {
        let change = ProfileChange::masked("Ada".into(), String::new(), None).unwrap();
        assert_eq!(
            change,
            ProfileChange {
                display_name: Some("Ada".into()),
                avatar_url: None
            }
        );
    }
}

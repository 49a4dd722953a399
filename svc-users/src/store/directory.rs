//! The table `user_words`: which accounts a word of a name belongs to.

use store::Tx;

use crate::domain::{User, words};
use crate::error::Error;

/// The sorted words of a name, each after a space, for a search by pattern.
pub(super) fn name_words(name: &str) -> String {
    words(name).iter().map(|word| format!(" {word}")).collect()
}

/// Makes an account found by the words of its name as it is now.
pub(super) async fn index(tx: &mut Tx, user: &User) -> Result<(), Error> {
    store::execute!(tx, "DELETE FROM user_words WHERE user_id = $1", user.id)?;
    for word in words(&user.display_name) {
        store::execute!(
            tx,
            "INSERT INTO user_words (word, user_id) VALUES ($1, $2)",
            word,
            user.id
        )?;
    }
    Ok(())
}

//! The ledger. The database writes the customer's side of each posting, and moves the payment's columns
//! by it: neither can be forgotten, nor done alone.

use chrono::{DateTime, Utc};
use store::{Error, Tx};

use crate::domain::{Account, Posting};

/// Writes postings.
pub(super) async fn append(
    tx: &mut Tx,
    postings: &[Posting],
    time: DateTime<Utc>,
) -> Result<(), Error> {
    for posting in postings.iter().filter(|it| it.account != Account::Customer) {
        store::execute!(
            tx,
            "INSERT INTO postings (operation_id, account, amount, create_time) \
             VALUES ($1, $2, $3, $4)",
            posting.operation,
            posting.account.as_str(),
            posting.amount,
            time
        )?;
    }
    Ok(())
}

/// Currency, account, and what it holds in the currency's minor units; by currency and account.
pub(crate) async fn balances(tx: &mut Tx) -> Result<Vec<(String, String, i64)>, Error> {
    store::fetch_all!(
        tx,
        (String, String, i64),
        "SELECT currency, account, CAST(SUM(postings.amount) AS bigint) \
         FROM postings JOIN operations USING (operation_id) JOIN payments USING (payment_id) \
         GROUP BY currency, account ORDER BY currency, account"
    )
}

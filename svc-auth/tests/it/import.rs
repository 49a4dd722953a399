use std::borrow::Cow;

use argon2::PasswordHasher as _;
use contracts::tradewind::auth::v1::{
    AccountMailKind, ImportCredentialsRequest, ImportCredentialsResponse, ImportedCredential,
    ResetPasswordRequest,
};
use runtime::status::Reason;
use store::testing::refused;
use svc_auth::domain::password::hash::{self, Form};
use svc_auth::domain::refresh;
use svc_auth::store::credential::{self, Credential};
use svc_auth::store::password_reset;

use crate::bed::{Bed, PASSWORD};

fn credential(user_id: &str, password_hash: &str) -> ImportedCredential {
    ImportedCredential {
        user_id: user_id.into(),
        password_hash: password_hash.into(),
    }
}

/// A hash of other parameters that no password is known for.
fn argon2(parameters: &str) -> String {
    format!("$argon2id$v=19${parameters}$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
}

async fn forms(bed: &Bed) -> Vec<String> {
    let forms = credential::forms(&mut bed.read().await).await.unwrap();
    let mut forms: Vec<String> = forms.iter().map(|form| form.as_str().to_owned()).collect();
    forms.sort();
    forms
}

/// How often a password is hashed in each form, to find out that it is wrong.
async fn work_of_a_wrong_password(bed: &Bed, email: &str) -> Vec<(String, u64)> {
    let before = bed.hashed();
    refused(bed.login(email, "wrong").await, Reason::CredentialsInvalid);
    let after = bed.hashed().into_iter();
    after
        .map(|(form, count)| {
            let earlier = before.get(&form).copied().unwrap_or_default();
            (form, count - earlier)
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

async fn import(
    bed: &Bed,
    credentials: Vec<ImportedCredential>,
) -> Result<ImportCredentialsResponse, tonic::Status> {
    let root = match bed.login("root@example.com", PASSWORD).await {
        Ok(root) => root.access_token,
        Err(_) => {
            let root = bed.register("root@example.com").await?;
            bed.users
                .change(&root.user_id, |user| user.roles.push("admin".into()));
            bed.refresh(&root.refresh_token).await?.access_token
        }
    };
    let request = ImportCredentialsRequest { credentials };
    Ok(bed
        .holder(&root)
        .import_credentials(request)
        .await?
        .into_inner())
}

store::on_both! {
    async fn a_hash_comes_to_who_has_asked_for_a_first_password_and_ends_the_link(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let id = bed.users.open("ada@example.com");
        crate::recovery::request(&bed, "ada@example.com").await.unwrap();
        let token = crate::mails::token(&bed, &id, AccountMailKind::PasswordReset, 1).await;
        let hash = bcrypt::hash("old password", 4).unwrap();
        let reply = import(&bed, vec![credential(&id, &hash)]).await.unwrap();
        assert_eq!((reply.imported_count, reply.failures.len()), (1, 0));
        bed.login("ada@example.com", "old password").await.unwrap();
        let request = ResetPasswordRequest { token, new_password: "seven green lamps".into() };
        refused(bed.anybody().reset_password(request).await, Reason::ResetTokenInvalid);
    }

    async fn a_bcrypt_hash_signs_in_and_is_hashed_anew(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.users.open("Ada@example.com");
        let hash = bcrypt::hash("old password", 4).unwrap();
        let reply = import(&bed, vec![credential(&id, &hash)]).await.unwrap();
        assert_eq!((reply.imported_count, reply.failures.len()), (1, 0));

        let bcrypted = "credentials WHERE password_hash LIKE '$2%'";
        assert_eq!(bed.count(bcrypted).await, 1);
        refused(bed.login("ada@example.com", "wrong").await, Reason::CredentialsInvalid);
        let ada = bed.login("ada@example.com", "old password").await.unwrap();
        assert_eq!(ada.user_id, id);
        assert_eq!(bed.count(bcrypted).await, 0);
        bed.login("ada@example.com", "old password").await.unwrap();
    }

    async fn what_cannot_be_taken_over_is_told(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let hash = bcrypt::hash("old password", 4).unwrap();
        let ada = bed.users.open("ada@example.com");
        let guest = bed.users.open("");
        let owner = bed.register("owner@example.com").await.unwrap().user_id;
        let nobody = "0190163d-8694-739b-aea5-966c26f8ad91";
        let reply = import(&bed, vec![
            credential(&ada, "$1$md5$hash"),
            credential(&guest, &hash),
            credential(&owner, &hash),
            credential(nobody, &hash),
        ]).await.unwrap();
        assert_eq!(reply.imported_count, 0);
        let failed: Vec<&str> = reply.failures.iter().map(|one| one.user_id.as_str()).collect();
        assert_eq!(failed, [ada.as_str(), &guest, &owner, nobody]);
        // The owner's own password is as it was.
        bed.login("owner@example.com", PASSWORD).await.unwrap();
    }

    async fn a_hash_that_is_taken_over_takes_the_place_of_a_token_that_sets_a_password(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let id = bed.users.open("ada@example.com");
        let day = bed.node.clock.now() + std::time::Duration::from_secs(24 * 60 * 60);
        let mut tx = bed.write().await;
        let token_hash = refresh::hash("a token");
        password_reset::put(&mut tx, id.parse().unwrap(), &token_hash, day, None).await.unwrap();
        tx.commit().await.unwrap();

        let hash = bcrypt::hash("old password", 4).unwrap();
        import(&bed, vec![credential(&id, &hash)]).await.unwrap();
        let request = ResetPasswordRequest {
            token: "a token".into(),
            new_password: "seven green lamps".into(),
        };
        let result = bed.anybody().reset_password(request).await;
        refused(result, Reason::ResetTokenInvalid);
        bed.login("ada@example.com", "old password").await.unwrap();
    }

    async fn a_repeated_import_changes_nothing(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.users.open("ada@example.com");
        let hash = bcrypt::hash("old password", 4).unwrap();
        for _ in 0..2 {
            let reply = import(&bed, vec![credential(&id, &hash)]).await.unwrap();
            assert_eq!((reply.imported_count, reply.failures.len()), (1, 0));
        }
    }

    async fn only_an_administrator_imports(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let eve = bed.register("eve@example.com").await.unwrap();
        let credentials = vec![credential(&eve.user_id, "$2b$04$x")];
        let request = ImportCredentialsRequest { credentials };
        let result = bed.holder(&eve.access_token).import_credentials(request).await;
        refused(result, Reason::AccessDenied);
    }

    async fn a_hash_of_what_was_typed_is_hashed_anew_as_it_is_normalised(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let typed = "cafe\u{301} au lait";
        for (email, hash) in [
            ("1@example.com", hash::hash(typed, [7; 16])),
            ("2@example.com", bcrypt::hash(typed, 4).unwrap()),
            // Somebody else's system normalised already.
            ("3@example.com", bcrypt::hash("caf\u{e9} au lait", 4).unwrap()),
        ] {
            let id = bed.users.open(email);
            let reply = import(&bed, vec![credential(&id, &hash)]).await.unwrap();
            assert_eq!(reply.imported_count, 1, "{reply:?}");
            bed.login(email, typed).await.unwrap();
            bed.login(email, "caf\u{e9} au lait").await.unwrap();
        }
    }

    async fn a_hash_that_costs_too_much_is_not_taken_over(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let ada = bed.users.open("ada@example.com");
        let bcrypt = bcrypt::hash("x", 4).unwrap();
        let mut dear = vec![bcrypt.replacen("$04$", "$15$", 1)];
        for parameters in ["m=65537,t=4,p=4", "m=65536,t=5,p=4", "m=65536,t=4,p=5"] {
            dear.push(argon2(parameters));
        }
        for hash in &dear {
            let reply = import(&bed, vec![credential(&ada, hash)]).await.unwrap();
            assert_eq!((reply.imported_count, reply.failures.len()), (0, 1), "{hash}");
        }
        let reply = import(&bed, vec![credential(&ada, &argon2("m=65536,t=4,p=4"))]).await.unwrap();
        assert_eq!(reply.imported_count, 1);
    }

    async fn a_hash_beyond_the_bounds_that_is_there_already_signs_in(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let email = "ada@example.com";
        let id = bed.users.open(email);
        // Twice the budget of memory, imported when that was allowed.
        let params = ::argon2::Params::new(128 * 1024, 1, 1, None).unwrap();
        let hash = ::argon2::Argon2::from(params)
            .hash_password_with_salt(b"old password", b"some salt of old")
            .unwrap()
            .to_string();
        let stored = Credential {
            user_id: id.parse().unwrap(),
            email: email.into(),
            password_hash: hash,
            pending: None,
        };
        let now = chrono::DateTime::UNIX_EPOCH;
        let mut tx = bed.write().await;
        assert!(credential::insert(&mut tx, &stored, email, now, now).await.unwrap());
        tx.commit().await.unwrap();

        let attempts = (0..4).map(|_| bed.login(email, "old password"));
        for reply in futures::future::join_all(attempts).await {
            assert_eq!(reply.unwrap().user_id, id);
        }
    }

    async fn the_forms_of_hashes_are_known_while_there_are_such_hashes(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let of_bcrypt = bcrypt::hash("old password", 4).unwrap();
        for (email, hash) in [
            ("1@example.com", of_bcrypt.as_str()),
            ("2@example.com", &of_bcrypt.replacen("$2b$", "$2y$", 1)),
            ("3@example.com", &argon2("m=1024,t=1,p=1")),
        ] {
            let id = bed.users.open(email);
            import(&bed, vec![credential(&id, hash)]).await.unwrap();
        }
        let argon = "$argon2id$v=19$m=1024,t=1,p=1";
        let ours = "$argon2id$v=19$m=19456,t=2,p=1";
        assert_eq!(forms(&bed).await, ["$2b$04", argon, ours]);
        // Each is verified for each account, which does not let anybody in for another's.
        refused(bed.login("root@example.com", "old password").await, Reason::CredentialsInvalid);
        bed.login("1@example.com", "old password").await.unwrap();
        assert_eq!(forms(&bed).await, ["$2b$04", argon, ours]);
        // The last one's owner has signed in.
        bed.login("2@example.com", "old password").await.unwrap();
        assert_eq!(forms(&bed).await, [argon, ours]);
    }

    async fn where_hashes_were_imported_a_login_does_the_same_work_for_every_account(
        database: TestDatabase
    ) {
        let bed = Bed::start(&database).await;
        let ada = bed.users.open("ada@example.com");
        let bcrypt = bcrypt::hash("old password", 4).unwrap();
        import(&bed, vec![credential(&ada, &bcrypt)]).await.unwrap();

        let (ours, theirs) = (Form::ours(), Form::of(&bcrypt));
        for email in ["root@example.com", "ada@example.com", "nobody@example.com"] {
            let work = work_of_a_wrong_password(&bed, email).await;
            assert_eq!(work, [(theirs.as_str().to_owned(), 1), (ours.as_str().to_owned(), 1)]);
        }
        // Only while there are such hashes.
        bed.login("ada@example.com", "old password").await.unwrap();
        for email in ["root@example.com", "ada@example.com", "nobody@example.com"] {
            let work = work_of_a_wrong_password(&bed, email).await;
            assert_eq!(work, [(ours.as_str().to_owned(), 1)]);
        }
    }

    async fn hashes_from_before_have_their_forms(database: TestDatabase) {
        let mut first = store::migrations!();
        for migrator in [&mut first.postgres, &mut first.sqlite] {
            let kept = migrator.iter().filter(|one| one.version == 1).cloned().collect();
            migrator.migrations = Cow::Owned(kept);
        }
        let old = database.open(first).await;
        let now = chrono::DateTime::UNIX_EPOCH;
        let bcrypt = bcrypt::hash("old password", 4).unwrap();
        let hashes = [hash::hash("x", [7; 16]), argon2("m=1024,t=1,p=1"), bcrypt];
        let mut tx = old.begin().await.unwrap();
        for (number, hash) in hashes.iter().enumerate() {
            store::execute!(
                tx,
                "INSERT INTO credentials \
                 (user_id, email, email_key, password_hash, state, create_time, update_time) \
                 VALUES ($1, $2, $2, $3, 'ACTIVE', $4, $4)",
                uuid::Uuid::now_v7(),
                number.to_string(),
                hash.as_str(),
                now
            ).unwrap();
        }
        tx.commit().await.unwrap();
        old.close().await;

        let new = database.open(store::migrations!()).await;
        let mut tx = new.read().await.unwrap();
        let mut expected: Vec<Form> = hashes.iter().map(|hash| Form::of(hash)).collect();
        let mut found = svc_auth::store::credential::forms(&mut tx).await.unwrap();
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}

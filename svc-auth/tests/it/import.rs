use contracts::tradewind::auth::v1::{
    ImportCredentialsRequest, ImportCredentialsResponse, ImportedCredential,
};
use runtime::status::Reason;

use crate::bed::{Bed, PASSWORD, refused};

fn credential(user_id: &str, password_hash: &str) -> ImportedCredential {
    ImportedCredential {
        user_id: user_id.into(),
        password_hash: password_hash.into(),
    }
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
    async fn a_bcrypt_hash_signs_in_and_is_hashed_anew(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let id = bed.users.open("Ada@example.com");
        let hash = bcrypt::hash("old password", 4).unwrap();
        let reply = import(&bed, vec![credential(&id, &hash)]).await.unwrap();
        assert_eq!((reply.imported_count, reply.failures.len()), (1, 0));

        let bcrypted = "SELECT count(*) FROM credentials WHERE password_hash LIKE '$2%'";
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
}

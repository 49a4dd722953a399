//! Links that are mailed to accounts, fetched as the service does that sends them; and where they must
//! not be found.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use contracts::tradewind::auth::v1::{
    GetAccountMailRequest, GetAccountMailResponse, IssueWorkloadTokenRequest,
    IssueWorkloadTokenResponse,
};
use prost::Message as _;
use runtime::services::AUTHORITY;
use tonic::{Status, metadata::MetadataMap};
use uuid::Uuid;

use crate::{Mesh, condition::eventually, grpc, workload::SENDER};

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for the `number`th mail of a kind to an account, as `PASSWORD_RESET`; its id.
pub async fn sent(mesh: &Mesh, user_id: &str, kind: &str, number: usize) -> Uuid {
    let user_id = user_id.replace('-', "");
    let query = format!(
        "SELECT {{id:mail_id}}, kind FROM account_mails \
         WHERE {{id:user_id}} = '{user_id}' AND kind = '{kind}' ORDER BY create_time, mail_id"
    );
    eventually("a mail is to be sent", PATIENCE, || async {
        let mails = mesh.databases.pairs(AUTHORITY, &query).await;
        let (mail_id, _) = mails.get(number - 1)?;
        Some(Uuid::parse_str(mail_id).expect("an id is a UUID"))
    })
    .await
}

/// What is told of a mail to the workload that sends it.
///
/// # Errors
/// When there is nothing to send.
pub async fn fetch(mesh: &Mesh, mail_id: Uuid) -> Result<GetAccountMailResponse, Status> {
    let auth = grpc::connect(&mesh.grpc[AUTHORITY][0]).await;
    let call = async |method: &str, message: Vec<u8>, metadata| {
        let path = format!("/tradewind.auth.v1.AuthService/{method}");
        grpc::call(&auth, &path, message.into(), metadata).await
    };
    let request = IssueWorkloadTokenRequest {
        client_assertion: mesh.workloads.assertion(SENDER, "tradewind"),
    };
    let none = MetadataMap::new();
    let reply = call("IssueWorkloadToken", request.encode_to_vec(), none).await?;
    let reply = IssueWorkloadTokenResponse::decode(reply).expect("it is the reply");
    let mut metadata = MetadataMap::new();
    let bearer = format!("Bearer {}", reply.workload_token);
    let bearer = bearer.parse().expect("a token is ASCII");
    metadata.insert("x-workload-authorization", bearer);
    let request = GetAccountMailRequest {
        mail_id: mail_id.to_string(),
    };
    let reply = call("GetAccountMail", request.encode_to_vec(), metadata).await?;
    Ok(GetAccountMailResponse::decode(reply).expect("it is the reply"))
}

/// The token of the `number`th link of a kind that is mailed to an account.
pub async fn token(mesh: &Mesh, user_id: &str, kind: &str, number: usize) -> String {
    let mail_id = sent(mesh, user_id, kind, number).await;
    let mail = fetch(mesh, mail_id).await.expect("it is to be sent");
    assert_ne!(mail.token, "", "{kind} has a link");
    mail.token
}

/// Where a mesh keeps one of these texts: files of logs, of databases, of streams, and rows of databases on servers. Mails
/// themselves do not count, which are files where there is no mail server.
/// A mail that is a file, as no server takes it, has to have it.
pub async fn places(mesh: &Mesh, texts: &[&str]) -> Vec<String> {
    let mut found = mesh.databases.rows_with(texts).await;
    let escaped: Vec<_> = texts.iter().map(|text| regex::escape(text)).collect();
    let pattern = regex::bytes::Regex::new(&escaped.join("|")).expect("it is escaped");
    let is_mail = |file: &PathBuf| file.extension().is_some_and(|it| it == "eml");
    for file in files(mesh.folder()).into_iter().filter(|it| !is_mail(it)) {
        // One that was removed meanwhile keeps nothing.
        let bytes = std::fs::read(&file).unwrap_or_default();
        if pattern.is_match(&bytes) {
            found.push(file.display().to_string());
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    };
    entries.flat_map(|entry| of(entry.path())).collect()
}

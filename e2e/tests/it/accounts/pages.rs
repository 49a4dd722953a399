//! The pages that mailed links lead to, as their readers open them: in a real browser.

use e2e::{
    browser::Browser,
    mails,
    shop::{self, Customer},
};
use serde_json::json;

use super::{NEW, login};

/// What the page says once there is no more to do.
const DONE: &str = "!document.querySelector('form') && document.getElementById('lead').textContent";
/// What it says beside its button.
const OUTCOME: &str = "document.getElementById('outcome')?.textContent";

async fn says(browser: &mut Browser, what: &str) -> String {
    let said = browser.eventually(what).await;
    said.as_str().expect("it is text").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailed_link_leads_to_a_page_that_does_what_it_says_at_the_press_of_a_button() {
    let mesh = crate::embedded().await;
    let (buyer, edge) = (Customer::register(mesh).await, &mesh.edges[0]);
    let path = "/v1/auth/email:requestVerification";
    buyer.rest.post(path, &json!({})).await.expect(200);
    let token = mails::token(mesh, &buyer.id, "EMAIL_VERIFICATION", 1).await;
    let me = async || buyer.rest.get("/v1/users/me").await.expect(200).json;

    let mut browser = Browser::start().await;
    let link = format!("{edge}/verify-email#token={token}");
    browser.open(&link).await;
    let place = "document.readyState === 'complete' && location.pathname + location.hash";
    assert_eq!(browser.eventually(place).await, "/verify-email");
    assert_ne!(me().await["emailVerified"], true, "it was opened, no more");
    browser.click("form button").await;
    let said = says(&mut browser, DONE).await;
    assert!(said.contains("is confirmed"), "{said}");
    assert_eq!(me().await["emailVerified"], true);

    // It is good once.
    let again = format!("{edge}/verify-email?again#token={token}");
    browser.open(&again).await;
    browser.click("form button").await;
    let said = says(&mut browser, OUTCOME).await;
    assert!(said.contains("unknown, used"), "{said}");

    let (path, forgotten) = (
        "/v1/auth/password:requestReset",
        json!({"email": buyer.email}),
    );
    mesh.rest().post(path, &forgotten).await.expect(200);
    let token = mails::token(mesh, &buyer.id, "PASSWORD_RESET", 1).await;
    let link = format!("{edge}/reset-password#token={token}");
    browser.open(&link).await;
    browser.fill("#newPassword", "password").await;
    browser.fill("#again", "passwort").await;
    browser.click("form button").await;
    let said = says(&mut browser, OUTCOME).await;
    assert!(said.contains("not the same"), "{said}");
    browser.fill("#again", "password").await;
    browser.click("form button").await;
    let other = format!("!{OUTCOME}?.includes('not the same') && {OUTCOME}");
    let said = says(&mut browser, &other).await;
    assert!(said.starts_with("The password is "), "{said}");
    for field in ["#newPassword", "#again"] {
        browser.fill(field, NEW).await;
    }
    browser.click("form button").await;
    let said = says(&mut browser, DONE).await;
    assert!(said.contains("is set"), "{said}");
    let (rest, path) = (mesh.rest(), "/v1/auth/login");
    let before = rest.post(path, &login(&buyer.email, shop::PASSWORD)).await;
    before.refused(401, "CREDENTIALS_INVALID");
    rest.post(path, &login(&buyer.email, NEW)).await.expect(200);

    assert_eq!(browser.complaints, Vec::<String>::new());
    browser.close().await;
}

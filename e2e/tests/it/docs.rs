//! The documentation as somebody uses it who has just found it: in a real browser.

use e2e::{
    browser::Browser,
    shop::{self, Customer, PASSWORD},
};
use serde_json::{Value, json};

/// The part of an operation's box that a CSS selector names.
fn of(operation: &str, what: &str) -> String {
    format!("#{operation} {what}")
}

/// Sends an operation's form; the reply's status and JSON.
async fn send(browser: &mut Browser, operation: &str) -> (String, Value) {
    browser.click(&of(operation, "form.try button")).await;
    let reply = format!(
        "(() => {{ const text = (what) => document.querySelector(what)?.textContent; \
         const [status, body] = [text('{}'), text('{}')]; \
         return status && body && {{status, body}}; }})()",
        of(operation, "form.try .outcome .status"),
        of(operation, "form.try pre"),
    );
    let reply = browser.eventually(&reply).await;
    let text = |name: &str| reply[name].as_str().expect("it is text").to_owned();
    let body = serde_json::from_str(&text("body")).expect("the reply is JSON");
    (text("status"), body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentation_can_be_tried_out() {
    let mesh = crate::embedded().await;
    let sku = shop::product(&mesh.admin().await, 3).await;
    let buyer = Customer::register(mesh).await;
    let mut browser = Browser::start().await;

    // A link to an operation opens it.
    let page = format!("{}/docs#getProduct", mesh.edges[0]);
    browser.open(&page).await;
    let field = of("getProduct", "form.try input");
    browser.fill(&field, &sku).await;
    let (status, product) = send(&mut browser, "getProduct").await;
    assert_eq!((status.as_str(), &product["sku"]), ("200", &json!(sku)));

    // Without a token the page shows why it was refused.
    browser.click("nav a[href='#getMe']").await;
    let (status, refused) = send(&mut browser, "getMe").await;
    assert_eq!(status, "401");
    assert_eq!(refused["error"]["status"], "UNAUTHENTICATED");

    // A login brings one, which the page then sends along.
    browser.click("nav a[href='#login']").await;
    let login = json!({"email": buyer.email, "password": PASSWORD}).to_string();
    let field = of("login", "form.try textarea");
    browser.fill(&field, &login).await;
    let (status, session) = send(&mut browser, "login").await;
    assert_eq!(status, "200", "{session}");
    let token = "document.getElementById('token').value";
    assert_eq!(browser.eventually(token).await, session["accessToken"]);
    let (status, me) = send(&mut browser, "getMe").await;
    assert_eq!(
        (status.as_str(), &me["email"]),
        ("200", &json!(buyer.email))
    );

    assert_eq!(browser.complaints, Vec::<String>::new());
    browser.close().await;
}

//! What a person calls the device behind a user agent, to recognise a session by.

/// What browsers say of themselves. Most name those they descend from too, so that the more
/// particular one comes first.
const BROWSERS: [(&str, &str); 14] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// What is said of operating systems, in the same order. An iPad of today says that it is a Mac.
const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Darwin", "macOS"),
    ("Linux", "Linux"),
];

/// The longest name of a program that is not a browser.
const LONGEST: usize = 40;

/// Such as `Firefox on Windows`, or `curl` of a program that is no browser; `unknown device` if
/// the user agent tells nothing.
#[must_use]
pub fn name(user_agent: &str) -> String {
    let of = |known: &[(&'static str, &'static str)]| {
        let found = known.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    let browser = of(&BROWSERS).or_else(|| product(user_agent));
    match (browser, of(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "unknown device".to_owned(),
    }
}

/// The first product (RFC 9110, section 10.1.5), unless it is what every browser begins with.
fn product(user_agent: &str) -> Option<&str> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = user_agent
        .find(|c| !is_token(c))
        .unwrap_or(user_agent.len());
    let product = &user_agent[..end];
    (!product.is_empty() && product.len() <= LONGEST && product != "Mozilla").then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_programs_are_called_by_their_names() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like \
                 Gecko) Version/18.5 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) CriOS/138.0.7204.33 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                 SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/138.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            ("curl/8.14.1", "curl"),
            ("python-requests/2.32.4", "python-requests"),
            ("MyShop/3 CFNetwork/3826 Darwin/24.5.0", "MyShop on macOS"),
            ("Mozilla/5.0 (Windows NT 10.0)", "Windows"),
            ("Mozilla/5.0", "unknown device"),
            ("", "unknown device"),
            ("<script>", "unknown device"),
        ] {
            assert_eq!(name(user_agent), expected, "{user_agent}");
        }
    }
}

//! What the OpenAPI document says of the whole, where the contracts do not.

use std::collections::BTreeSet;

use http::Uri;
use transcoder::openapi::Info;
use transcoder::prost_reflect::ServiceDescriptor;

/// What the OpenAPI document says of the whole.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "OpenAPI document")]
pub struct About {
    /// Title of the API, in `/openapi.json` and on the landing page; by default the names of the
    /// services.
    #[arg(long, env = "API_TITLE", value_name = "TEXT", requires = "upstream")]
    pub api_title: Option<String>,
    /// Version of the API; by default that of the services' packages if they have one, as
    /// `library.v1` has, else 1.
    #[arg(long, env = "API_VERSION", value_name = "TEXT", requires = "upstream")]
    pub api_version: Option<String>,
    /// What the API is for, in Markdown.
    #[arg(
        long,
        env = "API_DESCRIPTION",
        value_name = "TEXT",
        requires = "upstream"
    )]
    pub api_description: Option<String>,
    /// Where clients reach the API, such as `https://api.example.com`; by default where they have the
    /// document from. May be given several times, in the environment with `,` between.
    #[arg(
        long,
        env = "API_SERVERS",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = server,
        requires = "upstream"
    )]
    pub api_server: Vec<String>,
}

impl About {
    /// Of an API of these services.
    pub(super) fn info(&self, services: &[ServiceDescriptor]) -> Info {
        let names = services.iter().map(ServiceDescriptor::full_name);
        let names = || names.collect::<Vec<_>>().join(", ");
        let version = || version(services).unwrap_or_else(|| "1".to_owned());
        Info {
            title: self.api_title.clone().unwrap_or_else(names),
            version: self.api_version.clone().unwrap_or_else(version),
            description: self.api_description.clone().unwrap_or_default(),
            servers: self.api_server.clone(),
            ..Info::default()
        }
    }
}

/// The one that all packages have.
fn version(services: &[ServiceDescriptor]) -> Option<String> {
    let versions = services.iter().map(|service| {
        let package = service.package_name();
        let last = package.rsplit('.').next().unwrap_or_default();
        is_version(last).then(|| last.to_owned())
    });
    let versions: BTreeSet<_> = versions.collect();
    let mut versions = versions.into_iter();
    match (versions.next(), versions.next()) {
        (Some(version), None) => version,
        _ => None,
    }
}

/// `v1`, `v1beta2`, `v1p1alpha`: as google.aip.dev/215 and AIP-185 have them.
fn is_version(text: &str) -> bool {
    let rest = text.strip_prefix('v').unwrap_or_default();
    let is_part = |letter: char| letter.is_ascii_digit() || letter.is_ascii_lowercase();
    rest.starts_with(|first: char| first.is_ascii_digit()) && rest.chars().all(is_part)
}

fn server(text: &str) -> Result<String, String> {
    let uri = text.parse::<Uri>().ok();
    let is_absolute = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    match uri.is_some_and(|uri| is_absolute(&uri) || text.starts_with('/')) {
        true => Ok(text.to_owned()),
        false => Err("expected a URL such as https://api.example.com, or a path".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_end_of_a_package() {
        for version in ["v1", "v12", "v1beta2", "v1p1alpha"] {
            assert!(is_version(version), "{version}");
        }
        for other in ["v", "vault", "1", "library", "V1", "v1.2", ""] {
            assert!(!is_version(other), "{other}");
        }
    }

    #[test]
    fn a_server_is_a_url_or_a_path() {
        for server in [
            "https://api.example.com/shop",
            "http://localhost:8080",
            "/api",
        ] {
            assert_eq!(super::server(server).as_deref(), Ok(server));
        }
        for other in ["api.example.com", "ftp://x", "", "a b"] {
            assert!(super::server(other).is_err(), "{other}");
        }
    }
}

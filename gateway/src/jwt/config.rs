//! What can be set about tokens, and what it comes to for each issuer.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use net::StartError;
use net::process::arguments::defaults;
use net::process::duration;

use super::claims::ClaimRule;
use super::source::Source;

/// Clocks that differ by more are wrong.
const LONGEST_LEEWAY: Duration = Duration::from_secs(300);
/// An issuer is not asked more often for what hardly ever changes.
const SHORTEST_REFRESH: Duration = Duration::from_secs(1);
/// The audience that stands for all.
const ANY: &str = "*";

/// Whose tokens count, and what upstreams learn of them.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[group(skip)]
#[command(next_help_heading = "Tokens of issuers (JWT), with --upstream")]
pub struct Config {
    /// Whose tokens count: an issuer of OpenID Connect or OAuth 2.0, exactly as `iss` of its tokens
    /// has it, such as `https://login.example.com/realms/shop`. Its keys are those that
    /// `ISSUER/.well-known/openid-configuration` leads to. May be given several times, in the
    /// environment with `,` between; so all of these.
    #[arg(
        long,
        env = "JWT_ISSUERS",
        value_name = "ISSUER",
        value_delimiter = ','
    )]
    pub jwt_issuer: Vec<String>,
    /// Where the keys of an issuer are, rather than where its discovery says: a key set (RFC 7517) at an
    /// http or https URL, or in a file. With several issuers, `ISSUER=` says whose it is.
    #[arg(
        long,
        env = "JWT_JWKS",
        value_name = "[ISSUER=]URL|FILE",
        value_delimiter = ',',
        requires = "jwt_issuer"
    )]
    pub jwt_jwks: Vec<String>,
    /// Who the tokens must be for: `aud` has to name one of these. `ISSUER=` makes it hold for that
    /// issuer alone. `*` takes tokens that were given out for anybody, also for other services.
    #[arg(
        long,
        env = "JWT_AUDIENCES",
        value_name = "[ISSUER=]AUDIENCE",
        value_delimiter = ',',
        requires = "jwt_issuer"
    )]
    pub jwt_audience: Vec<String>,
    /// A claim that upstreams get as metadata: `sub=x-user`, `realm_access.roles=x-roles` (dots lead
    /// into objects). Lists are joined by `,`, objects are JSON. A token whose value is no text of
    /// printable ASCII is refused, except for names in `-bin`, which take any. Clients cannot send
    /// metadata of these names; of two claims with one name, the first that a token has is told.
    #[arg(
        long,
        env = "JWT_CLAIMS",
        value_name = "CLAIM=METADATA",
        value_delimiter = ',',
        requires = "jwt_issuer"
    )]
    pub jwt_claim: Vec<ClaimRule>,
    /// The claim that lists the caller's roles, where the contract asks for one: a list, or names with
    /// spaces between (`scope`). Dots lead into objects.
    #[arg(
        long,
        env = "JWT_ROLES_CLAIM",
        value_name = "CLAIM",
        default_value = "roles"
    )]
    pub jwt_roles_claim: String,
    /// Algorithms that tokens may be signed by.
    #[arg(
        long,
        env = "JWT_ALGORITHMS",
        value_name = "ALGORITHM",
        value_delimiter = ',',
        default_values = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
    )]
    pub jwt_algorithm: Vec<Algorithm>,
    /// How far an issuer's clock may be from ours: for so long a token holds before `nbf` and after
    /// `exp`. At most 5m.
    #[arg(long, env = "JWT_LEEWAY", value_name = "DURATION", default_value = "30s",
        value_parser = duration)]
    pub jwt_leeway: Duration,
    /// Time between two looks at the keys of an issuer. A token of a key that is not known yet makes
    /// them be fetched at once, at most every 10 seconds.
    #[arg(long, env = "JWT_REFRESH", value_name = "DURATION", default_value = "5m",
        value_parser = duration)]
    pub jwt_refresh: Duration,
}

/// A signature algorithm (RFC 7518, section 3.1; RFC 8037). Neither `none` nor one with a shared secret
/// is among them: whoever verifies could sign.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[value(rename_all = "verbatim")]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256.
    ES256,
    /// ECDSA on P-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::RS256 => Self::RS256,
            Algorithm::RS384 => Self::RS384,
            Algorithm::RS512 => Self::RS512,
            Algorithm::PS256 => Self::PS256,
            Algorithm::PS384 => Self::PS384,
            Algorithm::PS512 => Self::PS512,
            Algorithm::ES256 => Self::ES256,
            Algorithm::ES384 => Self::ES384,
            Algorithm::EdDSA => Self::EdDSA,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        defaults()
    }
}

/// What is known of an issuer before its keys are.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: Arc<str>,
    /// `None` if tokens may be for anybody.
    pub(super) audiences: Option<HashSet<String>>,
    pub(super) source: Source,
}

impl Config {
    /// Whether there is anybody whose tokens count.
    pub fn is_empty(&self) -> bool {
        self.jwt_issuer.is_empty()
    }

    /// The issuers. What is wrong is told together.
    pub(super) fn issuers(&self) -> Result<Vec<Named>, StartError> {
        let mut mistakes = Vec::new();
        if self.jwt_leeway > LONGEST_LEEWAY {
            mistakes.push("--jwt-leeway: more than 5m keeps tokens alive that are dead".to_owned());
        }
        if self.jwt_refresh < SHORTEST_REFRESH {
            mistakes.push("--jwt-refresh: at least 1s".to_owned());
        }
        let mut named = Vec::new();
        for (place, issuer) in self.jwt_issuer.iter().enumerate() {
            if self.jwt_issuer[..place].contains(issuer) {
                mistakes.push(format!("--jwt-issuer names {issuer} twice"));
                continue;
            }
            let (audiences, source) = (self.audiences(issuer), self.source(issuer));
            match (audiences, source) {
                (Ok(audiences), Ok(source)) => named.push(Named {
                    name: issuer.as_str().into(),
                    audiences,
                    source,
                }),
                (audiences, source) => {
                    mistakes.extend(audiences.err().into_iter().chain(source.err()))
                }
            }
        }
        mistakes.extend(self.of_nobody());
        match mistakes.is_empty() {
            true => Ok(named),
            false => Err(StartError::Config(mistakes)),
        }
    }

    fn audiences(&self, issuer: &str) -> Result<Option<HashSet<String>>, String> {
        let theirs = self
            .jwt_audience
            .iter()
            .filter_map(|value| match self.whose(value) {
                (None, audience) => Some(audience),
                (Some(whose), audience) => (whose == issuer).then_some(audience),
            });
        let audiences: HashSet<String> = theirs.map(str::to_owned).collect();
        if audiences.is_empty() {
            return Err(format!(
                "--jwt-audience is missing for {issuer}: say who its tokens must be for, or `*` if \
                 those for any other service may call too"
            ));
        }
        Ok((!audiences.contains(ANY)).then_some(audiences))
    }

    fn source(&self, issuer: &str) -> Result<Source, String> {
        let is_only = self.jwt_issuer.len() == 1;
        let mut theirs = self
            .jwt_jwks
            .iter()
            .filter_map(|value| match self.whose(value) {
                (None, place) => is_only.then_some(place),
                (Some(whose), place) => (whose == issuer).then_some(place),
            });
        let source = match theirs.next() {
            Some(place) => Source::of_keys(place),
            None => Source::discovered_by(issuer),
        };
        match theirs.next() {
            Some(_) => Err(format!(
                "--jwt-jwks has two places for the keys of {issuer}"
            )),
            None => source,
        }
    }

    /// Key sets of which nobody knows whose they are.
    fn of_nobody(&self) -> Option<String> {
        let is_open = |value: &&String| self.whose(value).0.is_none();
        let open = self.jwt_jwks.iter().find(is_open);
        let open = open.filter(|_| self.jwt_issuer.len() > 1)?;
        Some(format!(
            "--jwt-jwks {open}: there are several issuers; write ISSUER={open}"
        ))
    }

    /// A value, and the issuer that it is for, if it names one. Some names begin others.
    fn whose<'a>(&'a self, value: &'a str) -> (Option<&'a str>, &'a str) {
        let named = self.jwt_issuer.iter().filter_map(|issuer| {
            let rest = value.strip_prefix(issuer.as_str())?.strip_prefix('=')?;
            Some((issuer.as_str(), rest))
        });
        match named.max_by_key(|(issuer, _)| issuer.len()) {
            Some((issuer, rest)) => (Some(issuer), rest),
            None => (None, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        config: Config,
    }

    fn issuers(line: &[&str]) -> Result<Vec<Named>, String> {
        let arguments = std::iter::once("gateway").chain(line.iter().copied());
        let parsed = <Command as clap::Parser>::try_parse_from(arguments);
        let config = parsed.map_err(|error| error.to_string())?.config;
        config.issuers().map_err(|error| error.to_string())
    }

    #[test]
    fn what_holds_for_one_issuer_says_so() {
        let named = issuers(&[
            "--jwt-issuer=https://a.example",
            "--jwt-issuer=https://a.example/b",
            "--jwt-audience=shop,https://a.example/b=till",
            "--jwt-jwks=https://a.example/b=keys.json",
        ])
        .unwrap();
        let audiences = |place: usize| {
            let all = named[place].audiences.iter().flatten().map(String::as_str);
            all.collect::<HashSet<_>>()
        };
        assert_eq!(audiences(0), HashSet::from(["shop"]));
        assert_eq!(audiences(1), HashSet::from(["shop", "till"]));
        assert!(matches!(&named[0].source, Source::Discovery(url)
            if url.as_str() == "https://a.example/.well-known/openid-configuration"));
        assert!(matches!(&named[1].source, Source::File(path) if path.ends_with("keys.json")));
    }

    #[test]
    fn an_audience_is_left_out_only_on_purpose() {
        let issuer = "--jwt-issuer=https://a.example";
        let refused = issuers(&[issuer]).unwrap_err();
        assert!(refused.contains("--jwt-audience is missing"), "{refused}");
        let named = issuers(&[issuer, "--jwt-audience=*"]).unwrap();
        assert_eq!(named[0].audiences, None);
    }

    #[test]
    fn what_cannot_be_meant_does_not_start() {
        for (line, says) in [
            (&["--jwt-issuer=login.example.com"][..], "--jwt-jwks"),
            (&["--jwt-issuer=ftp://a.example"], "http"),
            (&["--jwt-issuer=https://a.example?b"], "query"),
            (&["--jwt-issuer=https://me:secret@a.example"], "user"),
            (
                &["--jwt-issuer=https://a.example,https://a.example"],
                "twice",
            ),
            (
                &[
                    "--jwt-issuer=https://a.example,https://b.example",
                    "--jwt-jwks=x",
                ],
                "write ISSUER=x",
            ),
            (
                &["--jwt-issuer=https://a.example", "--jwt-jwks=x,y"],
                "two places",
            ),
            (&["--jwt-issuer=https://a.example", "--jwt-leeway=1h"], "5m"),
            (
                &["--jwt-issuer=https://a.example", "--jwt-refresh=0s"],
                "1s",
            ),
            (
                &["--jwt-issuer=https://a.example", "--jwt-algorithm=HS256"],
                "possible values: RS256",
            ),
            (
                &["--jwt-issuer=https://a.example", "--jwt-algorithm=none"],
                "possible values: RS256",
            ),
            (&["--jwt-audience=shop"], "--jwt-issuer"),
        ] {
            let line: Vec<_> = line.iter().copied().chain(["--jwt-audience=*"]).collect();
            let refused = issuers(&line).unwrap_err();
            assert!(refused.contains(says), "{line:?}: {refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}

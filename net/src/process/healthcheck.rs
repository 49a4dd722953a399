//! `healthcheck`: how a container asks the process in it how it is, where there is neither a shell nor
//! curl.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches as _};

use super::arguments::{self, Refused};

/// The word behind the program's name.
pub const NAME: &str = "healthcheck";

/// Longer than a process that is well needs, and shorter than whoever asks waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// More than it answers.
const LONGEST: u64 = 64 * 1024;

/// Ask the process that runs here how it is
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The ops port of the process; by default its usual one
    #[arg(long, env = "OPS_LISTEN", value_name = "ADDRESS")]
    ops_listen: Option<SocketAddr>,
    /// Ask whether it is ready, instead of whether it is alive
    #[arg(long)]
    ready: bool,
}

/// Asks, if the first word behind the program's name is [`NAME`]. `port` is the usual ops port.
/// The exit code is 0 if all is well, else 1, and 2 for a wrong configuration.
pub fn asked(program: &'static str, port: u16, words: &[OsString]) -> Option<ExitCode> {
    let words = words
        .get(1..)
        .filter(|words| words.first().is_some_and(|word| word == NAME))?;
    let command = Command::new(NAME).bin_name(format!("{program} {NAME}"));
    let read = || -> Result<Arguments, Refused> {
        let matches = arguments::parse(Arguments::augment_args(command), words.to_vec())?;
        Ok(Arguments::from_arg_matches(&matches)?)
    };
    Some(match read() {
        Ok(arguments) => arguments.run(port),
        Err(refused) => refused.tell(),
    })
}

impl Arguments {
    /// As [`asked`].
    #[expect(clippy::print_stderr, reason = "container engines keep what it says")]
    pub fn run(&self, port: u16) -> ExitCode {
        let ops = self.ops_listen;
        let ops = ops.unwrap_or((Ipv4Addr::UNSPECIFIED, port).into());
        let path = if self.ready { "/readyz" } else { "/livez" };
        match ask(ops, path) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("{ops}{path}: {why}");
                ExitCode::FAILURE
            }
        }
    }
}

fn ask(listens: SocketAddr, path: &str) -> io::Result<()> {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listens.port());
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut reply = String::new();
    stream.take(LONGEST).read_to_string(&mut reply)?;
    match reply.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(io::Error::other(reply)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Asks a process whose ops port gives this reply; what it was asked.
    fn ask_who_says(reply: &'static str) -> (io::Result<()>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let process = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        // It listens on all addresses.
        let outcome = ask((Ipv4Addr::UNSPECIFIED, port).into(), "/readyz");
        (outcome, process.join().unwrap())
    }

    #[test]
    fn only_who_answers_that_it_is_well_is_well() {
        let (outcome, request) = ask_who_says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        outcome.unwrap();
        assert!(request.starts_with("GET /readyz HTTP/1.1\r\n"), "{request}");
        let waits = "HTTP/1.1 503 Service Unavailable\r\n\r\nit waits for Postgres";
        let (outcome, _) = ask_who_says(waits);
        let why = outcome.unwrap_err().to_string();
        assert!(why.contains("it waits for Postgres"), "{why}");
        assert!(ask_who_says("").0.is_err());
        let nobody = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert!(ask(nobody, "/livez").is_err());
    }
}

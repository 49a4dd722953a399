//! Where the descriptors come from, and one set of them all.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use net::client::Channel;
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use transcoder::prost_reflect::DescriptorPool;

use super::reflected;
use super::upstream::Upstream;

const DURATION: &str = "google/protobuf/duration.proto";
const ERROR_DETAILS: &str = "google/rpc/error_details.proto";

/// Where descriptors are.
pub(super) enum Source {
    File(PathBuf),
    /// With the upstream, which is asked for the services that are its own.
    Reflection {
        upstream: Upstream,
        channel: Channel,
    },
}

/// A serialized `FileDescriptorSet`, whose files stay the bytes that they were: decoding them would
/// lose the options that are extensions.
#[derive(Clone, PartialEq, prost::Message)]
struct RawSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// What each source has, by what it is called in errors.
pub(super) type Gathered = Vec<(String, Result<Vec<Bytes>, String>)>;

/// Reads the files of all sources.
pub(super) async fn gather(sources: &[Source]) -> Gathered {
    let mut gathered = Vec::new();
    for source in sources {
        gathered.push(match source {
            Source::File(path) => {
                let name = format!("--descriptor-set {}", path.display());
                (name, of_file(path).await)
            }
            Source::Reflection { upstream, channel } => {
                let files = reflected::files(channel.clone(), upstream).await;
                let files = files.map(|files| files.into_values().collect());
                (format!("reflection of --upstream {upstream}"), files)
            }
        });
    }
    gathered
}

/// One set of all files, imports first as far as their sources have them so.
///
/// # Errors
/// What cannot be read, and files of one name that differ.
pub(super) fn merge(gathered: &Gathered) -> Result<Vec<u8>, Vec<String>> {
    let (mut merged, mut mistakes) = (Merged::default(), Vec::new());
    for (name, files) in gathered {
        let files = files.as_ref().map_err(String::clone);
        match files.and_then(|files| merged.add(name, files)) {
            Ok(()) => {}
            Err(mistake) => mistakes.push(format!("{name}: {mistake}")),
        }
    }
    match mistakes.is_empty() {
        true => Ok(merged.with_error_details()),
        false => Err(mistakes),
    }
}

async fn of_file(path: &PathBuf) -> Result<Vec<Bytes>, String> {
    let set = tokio::fs::read(path).await.map_err(|e| e.to_string())?;
    let set = RawSet::decode(Bytes::from(set)).map_err(|error| error.to_string())?;
    Ok(set.file)
}

#[derive(Default)]
struct Merged {
    set: RawSet,
    /// By name: where it is from, and what it says.
    known: BTreeMap<String, (String, FileDescriptorProto)>,
}

impl Merged {
    fn add(&mut self, from: &str, files: &[Bytes]) -> Result<(), String> {
        for raw in files {
            let mut file = FileDescriptorProto::decode(raw.clone()).map_err(|e| e.to_string())?;
            // Comments and the derived names of JSON are there or not, by who compiled it.
            file.source_code_info = None;
            file.message_type.iter_mut().for_each(without_json_names);
            let name = file.name().to_owned();
            match self.known.get(&name) {
                // Google's are compatible with one another, in whatever version.
                Some(_) if name.starts_with("google/") => {}
                Some((_, known)) if *known == file => {}
                Some((other, _)) => {
                    return Err(format!("{name} is not the same as in {other}"));
                }
                None => {
                    self.known.insert(name, (from.to_owned(), file));
                    self.set.file.push(raw.clone());
                }
            }
        }
        Ok(())
    }

    fn with_error_details(mut self) -> Vec<u8> {
        for (name, file) in error_details() {
            if !self.known.contains_key(name) {
                self.set.file.push(file);
            }
        }
        self.set.encode_to_vec()
    }
}

/// Details of errors, which servers send whether or not their descriptors have them; and what they
/// import.
fn error_details() -> [(&'static str, Bytes); 2] {
    let duration = DescriptorPool::global()
        .get_file_by_name(DURATION)
        .expect("it is one of the well-known types");
    let set = FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET);
    let mut files = set.expect("the library has compiled it").file.into_iter();
    let details = files.find(|file| ERROR_DETAILS.ends_with(file.name()));
    let mut details = details.expect("the library has them");
    details.name = Some(ERROR_DETAILS.to_owned());
    [
        (DURATION, duration.encode_to_vec().into()),
        (ERROR_DETAILS, details.encode_to_vec().into()),
    ]
}

fn without_json_names(message: &mut prost_types::DescriptorProto) {
    for field in &mut message.field {
        field.json_name = None;
    }
    message.nested_type.iter_mut().for_each(without_json_names);
}

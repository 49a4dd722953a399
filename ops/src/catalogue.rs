//! `metrics.yaml`, read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Every metric of the mesh.
#[derive(Debug, Deserialize)]
pub struct Catalogue {
    labels: BTreeMap<String, Values>,
    /// In the order of the file.
    pub metrics: Vec<Metric>,
}

/// A metric, as Prometheus scrapes it.
#[derive(Debug, Deserialize)]
pub struct Metric {
    /// Of a histogram, without `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub r#type: String,
    /// Of UCUM.
    pub unit: String,
    /// What it counts or measures, a sentence or more.
    pub about: String,
    /// Its labels, whose values stand here or, where there are none, in the catalogue's own.
    pub labels: BTreeMap<String, Values>,
    /// Who has it.
    pub from: Vec<Source>,
    /// What must have happened for it to be there.
    pub when: Option<String>,
}

/// Who tells a metric.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The edge.
    Edge,
    /// Each service that it is about.
    Services,
    /// Every process.
    Process,
    /// A job, in a file.
    Jobs,
}

/// What values a label has: these, or what is told for people; nothing where that stands elsewhere.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// These and no others.
    Listed(Vec<String>),
    /// What they are, in words.
    Told(Option<String>),
}

impl Catalogue {
    /// Reads the text of a `metrics.yaml`.
    ///
    /// # Errors
    /// What of it makes no sense.
    pub fn read(text: &str) -> Result<Catalogue, serde_saphyr::Error> {
        serde_saphyr::from_str(text)
    }

    /// That of this repository.
    ///
    /// # Panics
    /// When it makes no sense.
    pub fn tradewind() -> &'static Catalogue {
        static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
            let read = Catalogue::read(include_str!("../metrics.yaml"));
            read.expect("ops/metrics.yaml makes sense")
        });
        &CATALOGUE
    }

    /// The metric of this name.
    pub fn find(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// What values a label of a metric has, if it has that label.
    pub fn values<'a>(&'a self, metric: &'a Metric, label: &str) -> Option<&'a Values> {
        match (metric.labels.get(label)?, self.labels.get(label)) {
            (Values::Told(None), Some(of_all)) => Some(of_all),
            (here, _) => Some(here),
        }
    }
}

//! `tradewind k8s chart`: k8s/overlays/prod as a chart of Helm. Its templates are what kustomize built, and
//! their holes what differs from cluster to cluster, with what stands there as their default values.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::yaml;
use crate::generated::Files;

/// A digest until somebody says which.
const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// What can be left out; all is in but the namespace, which Helm is told.
const COMPONENTS: [&str; 8] = [
    "autoscaling",
    "disruption",
    "external-secrets",
    "ingress",
    "monitoring",
    "namespace",
    "nats",
    "network-policies",
];

/// The chart's files, in a folder, of what `kustomize build k8s/overlays/prod` printed.
pub(super) fn files(rendered: &str, folder: &Path) -> Result<Files> {
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(rendered).context("what was rendered is no YAML")?;
    let mut chart = Chart::default();
    for object in objects {
        chart.add(object)?;
    }
    let version = env!("CARGO_PKG_VERSION");
    let about = json!({
        "apiVersion": "v2",
        "name": "tradewind",
        "description": "A commerce back end of gRPC services behind a REST edge",
        "version": version,
        "appVersion": version,
    });
    let values = chart.values();
    let mut schema = schema(&values);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    let schema = format!("{schema:#}\n");
    let mut files = Files::from([
        (folder.join("Chart.yaml"), yaml::file(&[about])),
        (folder.join("values.yaml"), yaml::file(&[values])),
        (folder.join("values.schema.json"), schema),
    ]);
    let templates = folder.join("templates");
    files.extend(chart.templates.into_iter().map(|(name, text)| {
        (
            templates.join(format!("{name}.yaml")),
            format!("{}{text}", yaml::HEAD),
        )
    }));
    Ok(files)
}

#[derive(Default)]
struct Chart {
    templates: BTreeMap<String, String>,
    host: Value,
    issuer: Value,
    registry: Value,
    environment: Value,
    digests: Map<String, Value>,
    resources: Map<String, Value>,
    replicas: Map<String, Value>,
}

impl Chart {
    fn add(&mut self, mut object: Value) -> Result<()> {
        let kind = text(&object["kind"])?;
        let name = text(&object["metadata"]["name"])?;
        let component = component(&kind, &name);
        match kind.as_str() {
            "Namespace" => object["metadata"]["name"] = hole(".Release.Namespace"),
            _ => object["metadata"]["namespace"] = hole(".Release.Namespace"),
        }
        match kind.as_str() {
            "ConfigMap" if name == "mesh" => {
                self.environment = object["data"].take();
                object["data"] = hole("toJson .Values.environment");
            }
            "Deployment" => {
                let container = &mut object["spec"]["template"]["spec"]["containers"][0];
                self.image(container)?;
                self.resources
                    .insert(name.clone(), container["resources"].take());
                container["resources"] =
                    hole(&format!("toJson (index .Values.resources `{name}`)"));
            }
            "Job" => self.image(&mut object["spec"]["template"]["spec"]["containers"][0])?,
            "CronJob" => {
                let job = &mut object["spec"]["jobTemplate"];
                self.image(&mut job["spec"]["template"]["spec"]["containers"][0])?;
            }
            "StatefulSet" => {
                self.others_image(&mut object["spec"]["template"]["spec"]["containers"][0])?;
            }
            "HorizontalPodAutoscaler" => {
                let mut replicas = Map::new();
                for (field, value) in [("minReplicas", "minimum"), ("maxReplicas", "maximum")] {
                    replicas.insert(value.to_owned(), object["spec"][field].take());
                    object["spec"][field] =
                        hole(&format!("(index .Values.replicas `{name}`).{value}"));
                }
                self.replicas.insert(name.clone(), replicas.into());
            }
            "PrometheusRule" => literal(&mut object["spec"]),
            "Ingress" => {
                let issuer =
                    &mut object["metadata"]["annotations"]["cert-manager.io/cluster-issuer"];
                self.issuer = issuer.take();
                *issuer = hole(".Values.issuer");
                self.host = object["spec"]["rules"][0]["host"].take();
                object["spec"]["rules"][0]["host"] = hole(".Values.host");
                object["spec"]["tls"][0]["hosts"] = json!([hole(".Values.host")]);
            }
            _ => {}
        }
        let document = yaml::document(&object);
        let document = match component {
            Some(component) => format!(
                "{{{{- if index .Values.components `{component}` }}}}\n---\n{document}{{{{- end }}}}\n"
            ),
            None => format!("---\n{document}"),
        };
        *self.templates.entry(kind.to_lowercase()).or_default() += &document;
        Ok(())
    }

    /// A container's image of ours: the registry, the name and the digest.
    fn image(&mut self, container: &mut Value) -> Result<()> {
        let (registry, name) = self.digest(container)?;
        let digest = format!("index .Values.digests `{name}`");
        container["image"] = format!("{{{{ .Values.registry }}}}/{name}@{{{{ {digest} }}}}").into();
        self.registry = registry.into();
        Ok(())
    }

    /// That of somebody else's, which stays where it is.
    fn others_image(&mut self, container: &mut Value) -> Result<()> {
        let (registry, name) = self.digest(container)?;
        container["image"] = hole(&format!(
            "printf `{registry}/{name}@%s` (index .Values.digests `{name}`)"
        ));
        Ok(())
    }

    /// Notes that an image has a digest; where it is from, and what it is called.
    fn digest(&mut self, container: &Value) -> Result<(String, String)> {
        let image = text(&container["image"])?;
        let parts = image
            .split_once('@')
            .and_then(|(image, _)| image.rsplit_once('/'));
        let (registry, name) =
            parts.with_context(|| format!("{image} has no registry or digest"))?;
        self.digests.insert(name.to_owned(), DIGEST.into());
        Ok((registry.to_owned(), name.to_owned()))
    }

    fn values(&self) -> Value {
        let components = COMPONENTS.map(|name| (name.to_owned(), (name != "namespace").into()));
        let components: Map<String, Value> = components.into_iter().collect();
        json!({
            "registry": self.registry,
            "digests": self.digests,
            "host": self.host,
            "issuer": self.issuer,
            "replicas": self.replicas,
            "resources": self.resources,
            "environment": self.environment,
            "components": components,
        })
    }
}

/// What an object belongs to, if it can be left out.
fn component(kind: &str, name: &str) -> Option<&'static str> {
    match (kind, name) {
        ("Namespace", _) => Some("namespace"),
        ("NetworkPolicy", _) => Some("network-policies"),
        (_, "nats") => Some("nats"),
        ("PodDisruptionBudget", _) => Some("disruption"),
        ("HorizontalPodAutoscaler", _) => Some("autoscaling"),
        ("PodMonitor" | "PrometheusRule", _) => Some("monitoring"),
        ("Ingress", _) | (_, "edge-grpc") => Some("ingress"),
        ("ExternalSecret" | "SecretStore", _) | (_, "external-secrets") => Some("external-secrets"),
        _ => None,
    }
}

/// Texts with templates of somebody else's, which Helm shall leave as they are.
fn literal(value: &mut Value) {
    match value {
        Value::String(text) => {
            let parts = text.split("{{").map(|part| part.replace("}}", "{{`}}`}}"));
            *text = parts.collect::<Vec<_>>().join("{{`{{`}}");
        }
        Value::Array(items) => items.iter_mut().for_each(literal),
        Value::Object(fields) => fields.values_mut().for_each(literal),
        _ => {}
    }
}

fn hole(expression: &str) -> Value {
    format!("{{{{ {expression} }}}}").into()
}

/// What values there may be: such as the default ones, and no others, but in what is given to programs.
fn schema(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let properties = fields.iter().map(|(name, value)| {
                let schema = match name.as_str() {
                    "environment" => {
                        json!({"type": "object", "additionalProperties": {"type": "string"}})
                    }
                    "requests" | "limits" => json!({
                        "type": "object",
                        "additionalProperties": {"type": ["string", "number"]},
                    }),
                    _ => schema(value),
                };
                (name.clone(), schema)
            });
            json!({
                "type": "object",
                "additionalProperties": false,
                "properties": properties.collect::<Map<_, _>>(),
            })
        }
        Value::String(text) if text == DIGEST => {
            json!({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"})
        }
        Value::String(_) => json!({"type": "string", "minLength": 1}),
        Value::Number(_) => json!({"type": "integer", "minimum": 1}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Array(_) | Value::Null => json!({}),
    }
}

fn text(value: &Value) -> Result<String> {
    let text = value
        .as_str()
        .context("an object has no kind, name or image")?;
    Ok(text.to_owned())
}

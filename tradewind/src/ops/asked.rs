//! What is written by hand asks for metrics that there are: rules of Prometheus, and queries of runbooks.

use ::ops::Catalogue;
use anyhow::{Context as _, Error, Result};
use serde::Deserialize;

use super::objectives::RECORDED;

/// A file of Prometheus, with rules or without.
#[derive(Deserialize)]
struct Rules {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    expr: String,
}

pub(super) fn by_rules(text: &str, catalogue: &Catalogue) -> Result<()> {
    let rules: Rules = serde_saphyr::from_str(text)?;
    let mut rules = rules.groups.iter().flat_map(|group| &group.rules);
    rules.try_for_each(|rule| exists(&rule.expr, catalogue))
}

/// By the blocks of PromQL of a page.
pub(super) fn by_page(text: &str, catalogue: &Catalogue) -> Result<()> {
    let mut blocks = text.split("```promql\n").skip(1);
    blocks.try_for_each(|block| {
        let query = block.split("```").next().unwrap_or_default();
        exists(query, catalogue)
    })
}

fn exists(expression: &str, catalogue: &Catalogue) -> Result<()> {
    let named = catalogue.named(expression, RECORDED).map_err(Error::msg);
    named
        .map(drop)
        .with_context(|| expression.trim().to_owned())
}

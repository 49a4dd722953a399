//! The document: sections with tables, and a chart.

use std::{collections::BTreeMap, fs, path::Path};

use crate::tell;

const PAGE: &str = "BENCHMARKS.md";
/// The page's sections in their order; that of the cluster is written by hand.
const TITLES: [&str; 8] = [
    "Everything in one process",
    "Placing orders",
    "Overload",
    "Telemetry",
    "Telling webhooks",
    "Refreshing a session",
    "In a cluster",
    "The edge",
];
const CHART: &str = "benchmarks-edge.svg";

/// All that was measured.
#[derive(Default)]
pub(crate) struct Report {
    sections: Vec<Section>,
    /// The edge's CPU time per request.
    pub(crate) chart: Option<Chart>,
}

/// A heading with what stands below it.
pub(crate) struct Section {
    title: &'static str,
    text: String,
}

/// How an aim is told of.
pub(crate) fn verdict(held: bool) -> &'static str {
    if held { "held" } else { "**missed**" }
}

impl Section {
    pub(crate) fn new(title: &'static str) -> Section {
        let text = String::new();
        Section { title, text }
    }

    /// Adds a paragraph.
    pub(crate) fn say(&mut self, paragraph: &str) {
        self.text += &format!("{paragraph}\n\n");
    }

    /// Adds a table.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        self.text += &format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
        for row in rows {
            self.text += &format!("| {} |\n", row.join(" | "));
        }
        self.text.push('\n');
    }
}

impl Report {
    /// Adds a section, and shows it.
    pub(crate) fn add(&mut self, section: Section) {
        tell(&format!("\n## {}\n\n{}", section.title, section.text));
        self.sections.push(section);
    }

    /// Writes the document and its chart into the folder. Sections of the document that were not
    /// measured now stay as they are.
    pub(crate) fn write(&self, folder: &Path) {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            tell(&format!("wrote {}", path.display()));
        };
        let before = fs::read_to_string(folder.join(PAGE)).unwrap_or_default();
        write(PAGE, &self.markdown(&before));
        if let Some(chart) = &self.chart {
            write(CHART, &chart.svg());
        }
    }

    fn markdown(&self, before: &str) -> String {
        let mut text = format!(
            "# Benchmarks\n\n\
             `make bench` and `make bench-edge` measured this and wrote it: release builds, \
             everything over loopback on one machine (Tradewind, its servers and the load), {}. \
             Figures are medians of rounds in which what is compared took turns. The load \
             generator and the servers take CPU time from what is measured: rates are low for that \
             reason, CPU times per request hardly. Aims that were missed are marked.\n\n",
            machine()
        );
        let mut old = sections(before);
        for title in TITLES {
            let new = self.sections.iter().find(|section| section.title == title);
            let section = match new {
                Some(new) => new.text.clone(),
                None => old.remove(title).unwrap_or_default(),
            };
            if !section.is_empty() {
                text += &format!("## {title}\n\n{}\n\n", section.trim());
            }
        }
        format!("{}\n", text.trim_end())
    }
}

/// The sections of a page by their titles.
fn sections(page: &str) -> BTreeMap<&str, String> {
    let sections = page.split("\n## ").skip(1);
    sections
        .filter_map(|section| section.split_once('\n'))
        .map(|(title, text)| (title, text.to_owned()))
        .collect()
}

/// Cores and memory, and no more.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|total| total.split_whitespace().next()?.parse::<f64>().ok());
    let gib = kib.map_or(0.0, |kib| (kib / 1_048_576.0).round());
    format!("with {cores} cores and {gib} GiB of memory")
}

/// Horizontal bars, two to a group.
pub(crate) struct Chart {
    /// What it shows, with the unit.
    pub(crate) title: &'static str,
    /// What the first and the second bar of a group are.
    pub(crate) series: [&'static str; 2],
    /// The name of a group and its two values.
    pub(crate) groups: Vec<(&'static str, [f64; 2])>,
}

impl Chart {
    /// How a page refers to it.
    pub(crate) fn reference(&self) -> String {
        format!("![{}]({CHART})", self.title)
    }

    /// As SVG, readable on light and on dark pages.
    fn svg(&self) -> String {
        const COLOURS: [&str; 2] = ["#3b82c4", "#d98324"];
        let values = self.groups.iter().flat_map(|(_, values)| values);
        let most = values.copied().fold(1.0, f64::max);
        let height = 60 + 52 * self.groups.len();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 {height}\" \
             font-family=\"sans-serif\" font-size=\"13\" fill=\"#777\">\n\
             <text x=\"10\" y=\"22\" font-size=\"15\">{}</text>\n",
            self.title
        );
        for (index, (name, colour)) in self.series.iter().zip(COLOURS).enumerate() {
            let x = 290 + 90 * index;
            svg += &format!(
                "<rect x=\"{x}\" y=\"34\" width=\"12\" height=\"12\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"45\">{name}</text>\n",
                x + 18
            );
        }
        for (group, (name, values)) in self.groups.iter().enumerate() {
            let top = 60 + 52 * group;
            svg += &format!(
                "<text x=\"280\" y=\"{}\" text-anchor=\"end\">{name}</text>\n",
                top + 24
            );
            for (index, (value, colour)) in values.iter().zip(COLOURS).enumerate() {
                let (y, width) = (top + 20 * index, value / most * 400.0);
                svg += &format!(
                    "<rect x=\"290\" y=\"{y}\" width=\"{width:.0}\" height=\"17\" fill=\"{colour}\"/>\
                     <text x=\"{:.0}\" y=\"{}\">{value:.0}</text>\n",
                    width + 296.0,
                    y + 13
                );
            }
        }
        svg + "</svg>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_that_were_not_measured_stay() {
        let mut first = Report::default();
        for (title, text) in [("Placing orders", "old"), ("The edge", "### List\n\nold")] {
            let mut section = Section::new(title);
            section.say(text);
            first.sections.push(section);
        }
        let page = first.markdown("");
        assert_eq!(Report::default().markdown(&page), page);

        let mut second = Report::default();
        let mut section = Section::new("Placing orders");
        section.say("new");
        second.sections.push(section);
        let expected = page.replace("orders\n\nold", "orders\n\nnew");
        assert_eq!(second.markdown(&page), expected);
    }
}

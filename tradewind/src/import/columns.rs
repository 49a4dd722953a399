//! Which field of a record is what, by the header: that of Online Retail or of Online Retail II.

use std::{borrow::Cow, ops::Range};

use anyhow::{Context as _, Error, Result, anyhow};

use super::records::Records;

/// The delimiters that are looked for, the most usual first.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// A column's name, and the name that Online Retail II has for it.
const COLUMNS: [(&str, &str); 8] = [
    ("InvoiceNo", "Invoice"),
    ("StockCode", "StockCode"),
    ("Description", "Description"),
    ("Quantity", "Quantity"),
    ("InvoiceDate", "InvoiceDate"),
    ("UnitPrice", "Price"),
    ("CustomerID", "Customer ID"),
    ("Country", "Country"),
];

/// Where the columns stand.
pub(crate) struct Columns {
    positions: [usize; COLUMNS.len()],
    /// How many fields each record has; there may be others than ours.
    pub(crate) fields: usize,
}

/// The fields of a row, as they stand in the file.
pub(crate) struct Row<'a> {
    pub(crate) invoice: &'a str,
    pub(crate) sku: &'a str,
    pub(crate) description: &'a str,
    pub(crate) quantity: &'a str,
    pub(crate) date: &'a str,
    pub(crate) price: &'a str,
    pub(crate) customer: &'a str,
    pub(crate) country: &'a str,
}

/// What stands before the first row.
pub(crate) struct Header {
    pub(crate) delimiter: char,
    pub(crate) columns: Columns,
    pub(crate) lines: Range<u64>,
}

impl Header {
    /// Finds the header, the first line that is not empty, and by it the delimiter unless that is
    /// given.
    pub(crate) fn find(text: &str, delimiter: Option<char>) -> Result<Header> {
        let given = delimiter.map(|delimiter| [delimiter]);
        let candidates = given.as_ref().map_or(DELIMITERS.as_slice(), |it| it);
        let mut nearest: Option<(usize, Error)> = None;
        for &delimiter in candidates {
            let (lines, names) = first(text, delimiter).context("the file has no header line")?;
            match Columns::of(&names) {
                Ok(columns) => {
                    return Ok(Header {
                        delimiter,
                        columns,
                        lines,
                    });
                }
                Err(error) if nearest.as_ref().is_none_or(|(most, _)| names.len() > *most) => {
                    nearest = Some((names.len(), error));
                }
                Err(_) => {}
            }
        }
        Err(nearest.map_or_else(|| anyhow!("no delimiter to try"), |(_, error)| error))
    }
}

fn first(text: &str, delimiter: char) -> Option<(Range<u64>, Vec<Cow<'_, str>>)> {
    let mut records = Records::new(text, delimiter, None);
    loop {
        let (lines, fields) = records.next()?;
        let fields = fields.unwrap_or_default();
        if fields.iter().any(|field| !field.trim().is_empty()) {
            return Some((lines, fields));
        }
    }
}

impl Columns {
    fn of(names: &[Cow<'_, str>]) -> Result<Columns> {
        let mut positions = [0; COLUMNS.len()];
        for (position, (name, other)) in positions.iter_mut().zip(COLUMNS) {
            let mut found = names.iter().enumerate().filter(|(_, field)| {
                let field = letters(field);
                field == letters(name) || field == letters(other)
            });
            *position = found.next().map(|(at, _)| at).ok_or_else(|| {
                let hint = anyhow!(
                    "the header is `{}`; if that is not how it is to be taken apart, name the delimiter by --delimiter",
                    names.join("` `")
                );
                hint.context(format!("the file has no column {name}"))
            })?;
            if found.next().is_some() {
                return Err(anyhow!("the file has two columns {name}"));
            }
        }
        Ok(Columns {
            positions,
            fields: names.len(),
        })
    }

    /// None if the record has not as many fields as the header.
    pub(crate) fn row<'a>(&self, fields: &'a [Cow<'_, str>]) -> Option<Row<'a>> {
        if fields.len() != self.fields {
            return None;
        }
        let [
            invoice,
            sku,
            description,
            quantity,
            date,
            price,
            customer,
            country,
        ] = self.positions.map(|at| fields[at].trim());
        Some(Row {
            invoice,
            sku,
            description,
            quantity,
            date,
            price,
            customer,
            country,
        })
    }
}

/// A name without what people write differently: case, spaces, underscores.
fn letters(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A delimiter as it is typed.
pub(crate) fn delimiter(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("comma", ..) => Ok(','),
        ("semicolon", ..) => Ok(';'),
        ("tab" | "\\t", ..) => Ok('\t'),
        ("pipe", ..) => Ok('|'),
        (_, Some(one), None) if !one.is_alphanumeric() && !"\"\r\n ".contains(one) => Ok(one),
        _ => Err("comma, semicolon, tab, pipe, or one character".to_owned()),
    }
}

/// A delimiter as people call it.
pub(crate) fn name(delimiter: char) -> String {
    match delimiter {
        ',' => "comma".to_owned(),
        ';' => "semicolon".to_owned(),
        '\t' => "tab".to_owned(),
        '|' => "pipe".to_owned(),
        other => format!("`{other}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: &str =
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";

    #[test]
    fn the_delimiter_is_found_by_the_header() {
        for delimiter in DELIMITERS {
            let header = SECOND.replace(',', &delimiter.to_string());
            let found = Header::find(&format!("\n{header}\nx"), None).expect("it is a header");
            assert_eq!((found.delimiter, found.lines), (delimiter, 2..3));
        }
        let header = SECOND.replace(',', "~");
        assert!(Header::find(&header, None).is_err());
        let found = Header::find(&header, Some('~')).expect("it is given");
        assert_eq!(found.delimiter, '~');
    }

    #[test]
    fn columns_are_found_by_either_name_wherever_they_stand() {
        let header =
            "Country;customer_id;Price;INVOICEDATE;note;Quantity;Description;StockCode;Invoice";
        let found = Header::find(header, None).expect("it is a header");
        let fields: Vec<Cow<'_, str>> = ["FR", "7", "1", "d", "", "2", "LAMP ", "A", "1"]
            .map(Cow::from)
            .into();
        let row = found.columns.row(&fields).expect("it fits");
        assert_eq!(
            [
                row.invoice,
                row.sku,
                row.description,
                row.quantity,
                row.date,
                row.price,
                row.customer,
                row.country
            ],
            ["1", "A", "LAMP", "2", "d", "1", "7", "FR"]
        );
        assert!(found.columns.row(&fields[1..]).is_none());
    }

    #[test]
    fn a_header_that_does_not_fit_is_shown() {
        for (header, told) in [
            ("", "the file has no header line"),
            ("a,b", "the file has no column InvoiceNo"),
            (
                "Invoice;StockCode;Description;Quantity;InvoiceDate;Price;Country",
                "the file has no column CustomerID: the header is `Invoice` `StockCode`",
            ),
            (
                "Invoice,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
                "the file has two columns InvoiceNo",
            ),
        ] {
            let error = Header::find(header, None).err().expect("it does not fit");
            assert!(format!("{error:#}").starts_with(told), "{error:#}");
        }
    }

    #[test]
    fn a_delimiter_is_typed_as_a_word_or_as_itself() {
        for (typed, meant) in [
            ("semicolon", ';'),
            (";", ';'),
            ("tab", '\t'),
            ("\\t", '\t'),
            ("~", '~'),
        ] {
            assert_eq!(delimiter(typed), Ok(meant));
        }
        for typed in ["", "a", "\"", "::", "\n"] {
            assert!(delimiter(typed).is_err(), "{typed:?}");
        }
    }
}

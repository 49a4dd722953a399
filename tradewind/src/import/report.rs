//! What an import did, as a table for people.

mod account;
mod cancelled;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use money::Money;

use super::{
    country,
    refunds::Fate,
    steps::Outcome,
    table::{Figures, Table},
};
use crate::{
    amount::{self, group},
    shop::{Order, payments::Payment},
};

/// How many names of refused things and line numbers are printed for a reason.
const EXAMPLES: usize = 5;

pub(super) struct Report<'a> {
    pub(super) file: String,
    pub(super) shop: String,
    pub(super) seconds: f64,
    pub(super) table: &'a Table,
    pub(super) products: Outcome,
    pub(super) customers: Outcome,
    pub(super) stock: Outcome,
    pub(super) orders: Outcome,
    /// The table's orders as the shop has them.
    pub(super) placed: Vec<Order>,
    /// What became of each line of a cancellation, by its place in the table; none if they were left
    /// alone.
    pub(super) refunds: Option<BTreeMap<usize, Fate>>,
    /// The payments of the table's orders.
    pub(super) payments: Vec<Payment>,
}

impl Report<'_> {
    /// Orders that count: neither refused nor cancelled.
    fn sold(&self) -> impl Iterator<Item = &Order> {
        self.placed.iter().filter(|order| order.is_sold())
    }

    /// Whether every line that should be a sale is in an order now, and the money given back of each
    /// that was cancelled, if it should be.
    pub(super) fn complete(&self) -> bool {
        let all_read = self.table.skipped.keys().all(|skip| skip.is_no_sale());
        let mut fates = self.refunds.iter().flat_map(BTreeMap::values);
        all_read
            && self.sold().count() == self.table.invoices.len()
            && !fates.any(|fate| matches!(fate, Fate::Kept(_)))
    }

    /// How many lines the rows of the report account for, of those that the file has.
    pub(super) fn accounted(&self) -> (u64, u64) {
        let rows = account::rows(self);
        (rows.iter().map(|row| row.lines).sum(), self.table.lines)
    }

    /// What the shop did not take, by name.
    fn refusals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = String::new();
        for (kind, outcome) in [
            ("product", &self.products),
            ("customer", &self.customers),
            ("stock of", &self.stock),
            ("invoice", &self.orders),
        ] {
            for (why, names) in &outcome.refused {
                told += &format!("  {kind} {}: {why}\n", examples(names));
            }
        }
        let sold: BTreeSet<_> = self.sold().map(|order| &order.reference).collect();
        let unsold = self
            .placed
            .iter()
            .filter(|it| !sold.contains(&it.reference));
        let mut unsold_by_state: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Order {
            state, reference, ..
        } in unsold
        {
            unsold_by_state.entry(state).or_default().push(reference);
        }
        for (state, orders) in unsold_by_state {
            told += &format!("  invoice {}: its order is {state}\n", examples(&orders));
        }
        match told.as_str() {
            "" => Ok(()),
            told => write!(f, "\nNot taken by the shop:\n{told}"),
        }
    }

    fn lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:>10} {:>10}  {}",
            "lines", "invoices", self.table.format
        )?;
        for row in account::rows(self) {
            writeln!(f, "{row}")?;
        }
        let (accounted, lines) = self.accounted();
        writeln!(
            f,
            "{:>10} {:>10}  of {} lines of the file",
            group(accounted),
            "",
            group(lines)
        )
    }

    /// Names of countries that have no code here.
    fn unknown_countries(&self) -> Vec<&str> {
        let names = self.table.invoices.iter().map(|invoice| &*invoice.country);
        let unknown: BTreeSet<_> = names.filter(|name| country::code(name) == "ZZ").collect();
        unknown.into_iter().collect()
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file: Figures = self.table.figures();
        let units: u64 = self.sold().map(Order::units).sum();
        let total: i64 = self.sold().map(|order| order.total).sum();
        let currency = self.table.currency;
        let format = |minor| amount::format(Money { currency, minor });

        writeln!(
            f,
            "{} -> {} in {:.1} s\n",
            self.file, self.shop, self.seconds
        )?;
        if let Some((first, last)) = self.table.period {
            writeln!(f, "Sales from {first} to {last}\n")?;
        }
        writeln!(
            f,
            "{:<12} {:>12} {:>12} {:>12} {:>12}",
            "", "in the file", "imported", "were there", "refused"
        )?;
        let guests = u64::from(file.guest_orders > 0);
        for (kind, in_file, outcome) in [
            ("products", file.products, &self.products),
            ("customers", file.customers + guests, &self.customers),
            ("orders", file.orders, &self.orders),
        ] {
            let refused: usize = outcome.refused.values().map(Vec::len).sum();
            let (new, before) = (group(outcome.new), group(outcome.before));
            writeln!(
                f,
                "{kind:<12} {:>12} {new:>12} {before:>12} {:>12}",
                group(in_file),
                group(refused as u64)
            )?;
        }
        if guests > 0 {
            writeln!(
                f,
                "\nThe {} invoices without a customer are orders of one guest account.",
                group(file.guest_orders)
            )?;
        }

        let sold = self.sold().count() as u64;
        writeln!(
            f,
            "\n{:<12} {:>12} {:>12}",
            "", "in the file", "in the shop"
        )?;
        writeln!(
            f,
            "{:<12} {:>12} {:>12}",
            "orders",
            group(file.orders),
            group(sold)
        )?;
        writeln!(
            f,
            "{:<12} {:>12} {:>12}",
            "units",
            group(file.units),
            group(units)
        )?;
        writeln!(
            f,
            "{:<12} {:>12} {:>12} {currency}",
            "total",
            format(file.total),
            format(total)
        )?;
        let difference = total.saturating_sub(file.total);
        if difference != 0 {
            let sign = if difference > 0 { "+" } else { "" };
            writeln!(
                f,
                "{:<12} {:>12} {:>12} {currency}",
                "difference",
                "",
                sign.to_owned() + &format(difference)
            )?;
        }
        let by_price = file.total_at_first_price.saturating_sub(file.total);
        if by_price != 0 {
            writeln!(
                f,
                "\nThe shop has one price for a product, the first in the file; the file changes prices between\n\
                 invoices. That makes {} {currency} of the difference.",
                format(by_price)
            )?;
        }

        self.money(f)?;
        let unknown = self.unknown_countries();
        if !unknown.is_empty() {
            writeln!(
                f,
                "\nCountries that are not known went to ZZ: {}",
                examples(&unknown)
            )?;
        }
        self.lines(f)?;
        self.refusals(f)
    }
}

fn examples<T: ToString>(all: &[T]) -> String {
    let mut shown: Vec<_> = all.iter().take(EXAMPLES).map(T::to_string).collect();
    if all.len() > EXAMPLES {
        shown.push(format!("and {} more", group((all.len() - EXAMPLES) as u64)));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{
        super::{matching::Unmatched, table::Format},
        *,
    };

    const FILE: &str = "\
        InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        1,A,\"LAMP,\nRED\",1,1/2/2010 8:00,1,7,France\n\
        2,A,LAMP,1,1/2/2010 8:00,1,7,France\n\
        2,B,SOFA,2,1/2/2010 8:00,1,7,France\n\
        C3,A,LAMP,-1,1/2/2010 8:00,1,7,France\n\
        \n\
        4,A,LAMP,1,1/2/2010 8:00,1,7,Atlantis\n";

    fn table(file: &str) -> Table {
        Table::read(file.as_bytes(), Format::in_pounds()).expect("it is a table")
    }

    fn report<'a>(table: &'a Table, states: &[(&str, &str)]) -> Report<'a> {
        let order = |(reference, state): &(&str, &str)| Order {
            id: String::new(),
            user: "7".to_owned(),
            reference: (*reference).to_owned(),
            state: (*state).to_owned(),
            items: Vec::new(),
            total: 100,
        };
        Report {
            file: "sales.csv".to_owned(),
            shop: "http://127.0.0.1:8080/".to_owned(),
            seconds: 1.0,
            table,
            products: Outcome::default(),
            customers: Outcome::default(),
            stock: Outcome::default(),
            orders: Outcome::default(),
            placed: states.iter().map(order).collect(),
            refunds: None,
            payments: Vec::new(),
        }
    }

    /// The account of the lines, each row as its words.
    fn rows(report: &Report<'_>) -> Vec<String> {
        let text = report.to_string();
        let rows = text.lines().skip_while(|line| !line.contains("invoices  "));
        rows.skip(1)
            .take_while(|line| !line.is_empty())
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn every_line_is_in_one_row_whatever_became_of_its_order() {
        let table = table(FILE);
        let mut report = report(&table, &[("1", "CONFIRMED"), ("2", "REJECTED")]);
        let refused = [("409 GONE: no such account".to_owned(), vec!["4".to_owned()])];
        report.orders.refused = refused.into();
        assert_eq!(
            rows(&report),
            [
                "1 header",
                "2 1 sales, in orders of the shop",
                "2 1 not imported: the order is REJECTED (line 4, 5)",
                "1 1 not imported: the order was refused, 409 GONE: no such account (line 8)",
                "1 1 no sale: cancellation (line 6)",
                "1 no sale: empty line (line 7)",
                "8 of 8 lines of the file",
            ]
        );
        assert_eq!(report.accounted(), (8, 8));
        assert!(!report.complete());
        let told = report.to_string();
        assert!(told.contains("went to ZZ: Atlantis"), "{told}");
    }

    #[test]
    fn a_cancellation_is_told_with_what_became_of_its_money() {
        let table = table(&format!("{FILE}C3,A,LAMP,-9,1/2/2010 8:00,1,7,France\n"));
        let mut report = report(&table, &["1", "2", "4"].map(|number| (number, "CONFIRMED")));
        let more = Fate::Unmatched(Unmatched::MoreThanLeft);
        report.refunds = Some([(0, Fate::GivenBack), (1, more)].into());
        let rows_of = |report: &Report<'_>| rows(report)[2..4].to_vec();
        let unmatched =
            "1 1 no sale: cancellation; no order before has so many units of it left (line 9)";
        let given_back = "1 1 cancelled, and the money given back (line 6)";
        assert_eq!(rows_of(&report), [given_back, unmatched]);
        assert!(report.complete() && report.accounted() == (9, 9));
        let told = report.to_string();
        let sentence = "Of 1 cancellations 0 were given back whole, 1 in part and 0 not";
        assert!(told.contains(sentence), "{told}");

        let kept = Fate::Kept("its order has no payment here".to_owned());
        report.refunds.get_or_insert_default().insert(0, kept);
        let kept =
            "1 1 cancelled, and the money NOT given back: its order has no payment here (line 6)";
        assert_eq!(rows_of(&report), [kept, unmatched]);
        assert!(!report.complete());
    }

    #[test]
    fn an_import_is_complete_when_all_that_is_missing_is_no_sale() {
        let whole = table(FILE);
        let states = ["1", "2", "4"].map(|number| (number, "CONFIRMED"));
        assert!(report(&whole, &states).complete());
        let again = [states.as_slice(), &[("2", "REJECTED")]].concat();
        let again = report(&whole, &again);
        assert!(again.complete());
        assert_eq!(rows(&again)[1], "5 3 sales, in orders of the shop");
        assert!(!report(&whole, &states[1..]).complete());

        let dirty = table(&format!("{FILE},A,LAMP,1,1/2/2010 8:00,1,7,France\n"));
        let report = report(&dirty, &states);
        assert!(!report.complete());
        let rows = rows(&report);
        let row = "1 not imported: no invoice number, or one of more than 100 characters (line 9)";
        assert!(rows.iter().any(|told| told == row), "{rows:#?}");
    }
}

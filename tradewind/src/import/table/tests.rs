use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

const HEADER: &str =
    "\u{feff}InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n";

fn read(lines: &str) -> Table {
    Table::read(format!("{HEADER}{lines}").as_bytes(), Format::in_pounds())
        .expect("the header is right")
}

#[test]
fn a_product_has_the_price_of_its_first_sale_and_the_first_description_it_is_given() {
    let table = read(
        "1,A,,1,1/2/2010 8:00,0,7,France\r\n\
         1,A,,2,1/2/2010 8:00,2.5,7,France\r\n\
         2,A,\"LAMP, RED \",3,1/2/2010 8:00,3,,Japan\r\n\
         2,a,OTHER,1,1/2/2010 8:00,1,,Japan\r\n",
    );
    assert_eq!(table.products.len(), 2);
    assert_eq!(
        (table.products[0].title.as_str(), table.products[0].price),
        ("LAMP, RED", 250)
    );
    assert_eq!(table.skipped[&Skip::PriceOfZero].lines, [2]);
    assert_eq!(
        table.figures(),
        Figures {
            orders: 2,
            products: 2,
            customers: 1,
            guest_orders: 1,
            units: 6,
            total: 1_500,
            total_at_first_price: 1_350
        }
    );
}

#[test]
fn every_line_that_is_not_imported_is_counted_by_its_reason() {
    let table = read(
        "C1,A,X,-1,1/2/2010 8:00,1,7,France\r\n\
         2,A,X,-1,1/2/2010 8:00,1,7,France\r\n\
         2,A,X,10001,1/2/2010 8:00,1,7,France\r\n\
         2,A,X,1,1/2/2010 8:00,0.001,7,France\r\n\
         2,,X,1,1/2/2010 8:00,1,7,France\r\n\
         2,A,X,many,1/2/2010 8:00,1,7,France\r\n\
         2,A\r\n\
         ,A,X,1,1/2/2010 8:00,1,7,France\r\n\
         2,A,X,1,2/30/2010 8:00,1,7,France\r\n\
         2,A,\"X,1,1/2/2010 8:00,1,7,France\r\n\
         \r\n\
         2,A,X,1,1/2/2010 8:00,free,7,France\r\n\
         ,,,,,,,\r\n",
    );
    assert_eq!(
        skipped(&table),
        [
            (Skip::Empty, &[12, 14][..]),
            (Skip::QuantityBelowOne, &[3]),
            (Skip::QuantityTooLarge, &[4]),
            (Skip::TooPrecise, &[5]),
            (Skip::NoInvoice, &[9]),
            (Skip::NoStockCode, &[6]),
            (Skip::NoDate, &[10]),
            (Skip::NoQuantity, &[7]),
            (Skip::NoPrice, &[13]),
            (Skip::NumberOfFields, &[8]),
            (Skip::Quote, &[11]),
        ]
    );
    assert!(table.invoices.is_empty());
    let [cancellation] = table.cancellations.as_slice() else {
        panic!("{:?}", table.cancellations);
    };
    assert_eq!(
        (cancellation.numbers.start, cancellation.units),
        (2, Some(1))
    );
}

#[test]
fn customers_that_were_floats_are_the_same_and_an_invoice_has_one() {
    let table = read(
        "1,A,X,1,1/2/2010 8:00,1,17850,France\n\
         2,A,X,1,1/2/2010 8:00,1,17850.0,France\n\
         3,A,X,1,1/2/2010 8:00,1,,France\n\
         3,A,X,1,1/2/2010 8:00,1,7,France\n\
         3,A,X,1,1/2/2010 8:00,1,8,France\n",
    );
    assert_eq!(table.customers(), ["17850", "7"]);
    assert_eq!(skipped(&table), [(Skip::OtherCustomer, &[6][..])]);
}

#[test]
fn latin_1_lines_are_read_and_bytes_of_no_encoding_are_told() {
    let rows = [
        HEADER.as_bytes(),
        b"1,A,CAF\xc9,1,1/2/2010 8:00,1,7,France\n2,B,\x81,1,1/2/2010 8:00,1,7,France\n",
    ];
    let table = Table::read(&rows.concat(), Format::in_pounds()).expect("it is a table");
    assert_eq!(table.products[0].title, "CAF\u{c9}");
    assert_eq!(skipped(&table), [(Skip::Undecodable, &[3][..])]);
    assert_eq!(table.format, "UTF-8, 2 lines windows-1252, delimiter comma");
}

#[test]
fn the_second_table_is_read_with_semicolons_and_with_tabs() {
    let rows = "Invoice;StockCode;Description;Quantity;InvoiceDate;Price;Customer ID;Country\n\
                489434;85048;\"LIGHTS; RED\";12;2009-12-01 07:45:00;6,95;13085.0;United Kingdom\n";
    for rows in [rows.to_owned(), rows.replace(';', "\t")] {
        let table = Table::read(rows.as_bytes(), Format::in_pounds()).expect("it is a table");
        let figures = table.figures();
        assert_eq!(
            (figures.orders, figures.units, figures.total),
            (1, 12, 8_340)
        );
        assert_eq!(table.customers(), ["13085"]);
        let (first, last) = table.period.expect("there was a sale");
        assert_eq!(first, last);
        assert_eq!(first.to_string(), "2009-12-01 07:45:00");
    }
}

#[test]
fn the_small_table_adds_up_as_it_was_counted_by_hand() {
    assert_eq!(
        small().figures(),
        Figures {
            orders: 20,
            products: 34,
            customers: 10,
            guest_orders: 3,
            units: 2_501,
            total: 255_979,
            total_at_first_price: 255_744,
        }
    );
}

/// The first 9,999 lines of Online Retail, whose path is in `RETAIL_CSV`.
#[test]
fn the_real_table_adds_up_as_it_was_counted_elsewhere() {
    let Some(file) = std::env::var_os("RETAIL_CSV") else {
        println!("RETAIL_CSV is not set: only the small table of this project is read");
        assert_eq!(accounted(&small()), (1..=64).collect::<Vec<_>>());
        return;
    };
    let bytes = std::fs::read(file).expect("RETAIL_CSV names a file");
    let table = Table::read(&bytes, Format::in_pounds()).expect("it is a table");
    assert_eq!(
        table.figures(),
        Figures {
            orders: 424,
            products: 1_990,
            customers: 303,
            guest_orders: 23,
            units: 90_119,
            total: 18_423_983,
            total_at_first_price: 18_735_835,
        }
    );
    assert_eq!(table.cancellations.len(), 100);
    let cancellations = table.cancellations.iter().map(|line| &line.invoice);
    assert_eq!(cancellations.collect::<BTreeSet<_>>().len(), 43);
    assert!(table.skipped.keys().all(|skip| skip.is_no_sale()));
    assert_eq!(accounted(&table), (1..=10_000).collect::<Vec<_>>());
}

#[test]
fn a_file_without_the_columns_is_refused() {
    let error =
        Table::read(b"a,b\n1,2\n", Format::in_pounds()).expect_err("these are other columns");
    assert_eq!(error.to_string(), "the file has no column InvoiceNo");
}

proptest! {
    #[test]
    fn any_bytes_are_lines_that_are_each_accounted_for_once(
        bytes in bytes(),
        delimiter in option::of(select(vec![',', ';', '\t'])),
    ) {
        let format = Format { delimiter, ..Format::in_pounds() };
        if let Ok(table) = Table::read(&bytes, format) {
            prop_assert_eq!(accounted(&table), (1..=table.lines).collect::<Vec<_>>());
            let ends = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            prop_assert!(table.lines >= ends, "{} < {ends}", table.lines);
            table.figures();
        }
    }
}

/// A header, and rows made of what rows are made of and of anything else.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 22] = [
        b"536365,A,LAMP,6,12/1/2010 8:26,2.55,17850,France\r\n",
        b"536366,\"A, B\",\"A \"\"LAMP\"\"\",6,2010-12-01,922337203685477.58,,Atlantis\n",
        b"1,A,\"LAMP\nRED\",1,1/2/2010 8:00,1,7,France\n",
        b"536365",
        b"C1",
        b"A",
        b"\"",
        b"\"\"",
        b",",
        b";",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"9999999999999999999",
        b"-1",
        b"2,55",
        b"12/1/2010 8:26",
        b"\xe9",
        b"\x81",
        b"\0",
        b" ",
    ];
    let piece = prop_oneof![
        4 => select(PIECES.to_vec()).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..8),
    ];
    let header = select(vec![
        HEADER.as_bytes(),
        b"\nInvoice;StockCode;Description;Quantity;InvoiceDate;Price;Customer ID;Country\r",
        b"",
    ]);
    (header, vec(piece, 0..60)).prop_map(|(header, pieces)| [header, &pieces.concat()].concat())
}

fn small() -> Table {
    let bytes = include_bytes!("../../../tests/data/small-retail.csv");
    Table::read(bytes, Format::in_pounds()).expect("it is a table")
}

fn skipped(table: &Table) -> Vec<(Skip, &[u64])> {
    let skipped = table.skipped.iter();
    skipped
        .map(|(skip, skipped)| (*skip, skipped.lines.as_slice()))
        .collect()
}

/// Numbers of the lines wherever they ended, sorted; the header's are the ones that are left.
fn accounted(table: &Table) -> Vec<u64> {
    let sales = table.invoices.iter().flat_map(|invoice| &invoice.lines);
    let mut numbers: Vec<u64> = sales.flat_map(|line| line.numbers.clone()).collect();
    let cancelled = table.cancellations.iter();
    numbers.extend(cancelled.flat_map(|line| line.numbers.clone()));
    numbers.extend(table.skipped.values().flat_map(|skipped| &skipped.lines));
    let seen: BTreeSet<u64> = numbers.iter().copied().collect();
    let header = (1..=table.lines).filter(|number| !seen.contains(number));
    let header: Vec<u64> = header.collect();
    assert_eq!(header.len() as u64, table.header);
    numbers.extend(header);
    numbers.sort_unstable();
    numbers
}

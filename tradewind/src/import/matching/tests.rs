use super::{super::table::Format, *};

/// The number of the invoice that each line of a cancellation takes units back from.
fn matched(rows: &str) -> Vec<Result<String, Unmatched>> {
    let header =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    let table = format!("{header}{rows}");
    let table = Table::read(table.as_bytes(), Format::in_pounds()).expect("it is a table");
    let sales = sales(&table).into_iter();
    sales
        .map(|sale| sale.map(|invoice| invoice.number.clone()))
        .collect()
}

fn of(number: &str) -> Result<String, Unmatched> {
    Ok(number.to_owned())
}

#[test]
fn a_cancellation_takes_back_the_latest_sale_that_has_so_many_units() {
    let rows = "\
        2,A,X,3,1/3/2010 8:00,1,7,France\n\
        1,A,X,9,1/2/2010 8:00,1,7,France\n\
        3,A,X,2,1/3/2010 8:00,1,7,France\n\
        4,A,X,1,1/5/2010 8:00,1,7,France\n\
        C5,A,X,-2,1/4/2010 8:00,9,7,France\n\
        C6,A,X,-2,1/4/2010 8:00,9,7,France\n\
        C7,A,X,-4,1/4/2010 8:00,9,7,France\n\
        C8,A,X,-1,1/5/2010 8:00,9,7,France\n";
    assert_eq!(matched(rows), [of("3"), of("2"), of("1"), of("4")]);
}

#[test]
fn units_are_taken_back_once() {
    let rows = "\
        1,A,X,1,1/2/2010 8:00,1,7,France\n\
        1,A,X,2,1/2/2010 8:00,1,7,France\n\
        C2,A,X,-2,1/3/2010 8:00,1,7.0,France\n\
        C2,A,X,-2,1/3/2010 8:00,1,7,France\n\
        C3,A,X,-1,1/3/2010 8:00,1,7,France\n\
        C4,A,X,-1,1/3/2010 8:00,1,7,France\n";
    let more = Err(Unmatched::MoreThanLeft);
    assert_eq!(matched(rows), [of("1"), more.clone(), of("1"), more]);
}

#[test]
fn a_cancellation_without_a_sale_says_why() {
    let rows = "\
        1,A,X,5,1/2/2010 8:00,1,7,France\n\
        2,B,X,5,1/2/2010 8:00,1,,France\n\
        C1,A,X,-1,1/3/2010 8:00,1,,France\n\
        C2,B,X,-1,1/3/2010 8:00,1,7,France\n\
        C3,A,X,-1,1/3/2010 8:00,1,8,France\n\
        C4,A,X,-1,1/1/2010 8:00,1,7,France\n\
        C5,D,X,-1,1/3/2010 8:00,1,7,France\n\
        C6,A,X,1,1/3/2010 8:00,1,7,France\n\
        C7,A,X,some,1/3/2010 8:00,1,7,France\n\
        C8,A,X,-1,soon,1,7,France\n\
        C9,A,X,-6,1/3/2010 8:00,1,7,France\n";
    assert_eq!(
        matched(rows)
            .into_iter()
            .map(Result::unwrap_err)
            .collect::<Vec<_>>(),
        [
            Unmatched::NoCustomer,
            Unmatched::NotBefore,
            Unmatched::NotBefore,
            Unmatched::NotBefore,
            Unmatched::NeverSold,
            Unmatched::Unreadable,
            Unmatched::Unreadable,
            Unmatched::Unreadable,
            Unmatched::MoreThanLeft,
        ]
    );
}

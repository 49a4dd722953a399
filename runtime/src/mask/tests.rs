use contracts::google::r#type::Money;
use contracts::tradewind::catalog::v1::Product;
use contracts::tradewind::users::v1::User;
use tonic::Status;

use super::*;

fn money(currency_code: &str, units: i64, nanos: i32) -> Option<Money> {
    let currency_code = currency_code.into();
    Some(Money {
        currency_code,
        units,
        nanos,
    })
}

fn stored() -> Product {
    Product {
        sku: "85123A".into(),
        title: "HEART".into(),
        description: "Hangs.".into(),
        price: money("GBP", 2, 550_000_000),
        state: 1,
        etag: "1".into(),
        ..Product::default()
    }
}

fn mask(paths: &[&str]) -> Result<Mask<Product>, String> {
    let paths = paths.iter().map(ToString::to_string).collect();
    Mask::of(Some(&FieldMask { paths })).map_err(said)
}

fn said(problem: Problem) -> String {
    Status::from(problem).message().to_owned()
}

fn updated(sent: &Product, paths: &[&str]) -> Product {
    mask(paths).unwrap().merge(&stored(), sent).unwrap()
}

#[test]
fn a_path_changes_what_it_names_and_nothing_else() {
    let sent = Product {
        title: "RED".into(),
        price: money("JPY", 7, 0),
        ..Product::default()
    };
    for (paths, price) in [
        (&["price.units"] as &[_], money("GBP", 7, 550_000_000)),
        (&["price.nanos"], money("GBP", 2, 0)),
        (
            &["price.units", "price.currency_code"],
            money("JPY", 7, 550_000_000),
        ),
        (&["price"], money("JPY", 7, 0)),
    ] {
        assert_eq!(
            updated(&sent, paths),
            Product { price, ..stored() },
            "{paths:?}"
        );
    }
    let title = Product {
        title: "RED".into(),
        ..stored()
    };
    assert_eq!(updated(&sent, &["title"]), title);
}

#[test]
fn what_is_named_and_not_sent_is_taken_away() {
    let nothing = Product::default();
    assert_eq!(updated(&nothing, &["description"]).description, "");
    assert_eq!(updated(&nothing, &["price"]).price, None);
    assert_eq!(
        updated(&nothing, &["price.units"]).price,
        money("GBP", 0, 550_000_000)
    );
    let bare = Product {
        price: None,
        ..stored()
    };
    let mask = mask(&["price.units"]).unwrap();
    assert_eq!(mask.merge(&bare, &nothing).unwrap().price, None);
    let sent = Product {
        price: money("JPY", 7, 1),
        ..nothing
    };
    assert_eq!(mask.merge(&bare, &sent).unwrap().price, money("", 7, 0));
}

#[test]
fn no_mask_is_what_was_sent_and_a_star_is_everything() {
    let sent = Product {
        title: "RED".into(),
        ..Product::default()
    };
    let title = Product {
        title: "RED".into(),
        ..stored()
    };
    for none in [None, Some(FieldMask::default())] {
        let mask = Mask::of(none.as_ref()).unwrap();
        assert_eq!(mask.merge(&stored(), &sent).unwrap(), title);
    }
    let whole = Product {
        description: String::new(),
        price: None,
        etag: String::new(),
        ..title
    };
    assert_eq!(updated(&sent, &["*"]), whole);
}

#[test]
fn what_only_the_service_sets_stays_and_what_never_changes_is_not_changed() {
    let sent = Product {
        state: 2,
        ..stored()
    };
    assert_eq!(updated(&sent, &["state", "create_time", "sku"]), stored());
    assert_eq!(updated(&sent, &["*"]), stored());
    let other = Product {
        sku: "X".into(),
        ..stored()
    };
    for paths in [&["sku"] as &[_], &["*"], &[]] {
        let refused = mask(paths).unwrap().merge(&stored(), &other);
        assert_eq!(
            refused.map_err(said),
            Err("updateMask: sku: it never changes".into())
        );
    }
}

#[test]
fn a_path_that_cannot_be_set_apart_is_refused_and_named_as_rest_writes_it() {
    for (path, expected) in [
        (
            "colour_name",
            "updateMask: colourName: there is no such field",
        ),
        (
            "price.cents",
            "updateMask: price.cents: there is no such field",
        ),
        (
            "price.currency_code.a",
            "updateMask: price.currencyCode.a: price.currencyCode is set as a whole",
        ),
        (
            "create_time.seconds",
            "updateMask: createTime.seconds: createTime is set as a whole",
        ),
        ("price.*", "updateMask: price.*: there is no such field"),
        ("title.", "updateMask: title.: title is set as a whole"),
        ("", "updateMask: : there is no such field"),
    ] {
        assert_eq!(mask(&[path]).unwrap_err(), expected);
        assert!(mask(&["*", "title", path]).is_err());
    }
    let roles = FieldMask {
        paths: vec!["roles.0".into()],
    };
    let refused = Mask::<User>::of(Some(&roles)).map(|_| User::default());
    assert_eq!(
        refused.map_err(said),
        Err("updateMask: roles.0: roles is set as a whole".into())
    );
}

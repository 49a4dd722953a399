//! Create, update, archive.

use std::collections::HashMap;

use contracts::tradewind::catalog::v1::{
    ArchiveProductRequest, BatchGetProductsRequest, CreateProductRequest, Product, ProductState,
    UpdateProductRequest,
};
use prost_types::{FieldMask, Timestamp};
use runtime::status::{Reason, reason};
use store::testing::{fields, keyed};
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::fixture::{Shop, heart, money};

fn conditional<T>(message: T, name: &'static str, condition: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = condition.parse().expect("ASCII");
    request.metadata_mut().insert(name, value);
    request
}

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask {
        paths: paths.iter().map(ToString::to_string).collect(),
    })
}

store::on_both! {
    async fn a_product_that_was_added_can_be_read(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let product = shop.create(heart()).await.expect("a new product");
        assert_eq!(product.state(), ProductState::Active);
        assert_eq!(product.price, Some(money("GBP", 2, 550_000_000)));
        assert!(!product.etag.is_empty());
        assert_eq!(product.create_time, product.update_time);
        assert!(product.create_time.is_some());

        assert_eq!(shop.get(&product.sku).await.expect("it exists"), product);
        assert_eq!(shop.list_all(10, false).await, [product]);
    }

    async fn a_price_may_be_in_any_currency_that_is_in_use(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for (code, nanos) in [("XCG", 10_000_000), ("JPY", 0), ("KWD", 1_000_000), ("VES", 0)] {
            let price = Some(money(code, 1, nanos));
            let product = Product { sku: code.into(), price: price.clone(), ..heart() };
            assert_eq!(shop.create(product).await.expect(code).price, price);
        }
    }

    async fn a_sku_is_taken_once(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        let refused = shop.create(heart()).await.expect_err("its SKU is taken");
        assert_eq!(refused.code(), Code::AlreadyExists);
        assert_eq!(reason(&refused), Some(Reason::ResourceExists));
        let resource = refused.get_details_resource_info().expect("it names the product");
        assert_eq!(resource.resource_name, "85123A");

        // A SKU is case-sensitive.
        let other = Product { sku: "85123a".into(), ..heart() };
        shop.create(other).await.expect("another SKU");
    }

    async fn of_many_that_create_the_same_product_at_once_one_does(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let creations = (0..16).map(|_| shop.create(heart()));
        let created = futures::future::join_all(creations).await;
        assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1);
        for refused in created.into_iter().filter_map(Result::err) {
            assert_eq!(refused.code(), Code::AlreadyExists, "{refused:?}");
        }
    }

    async fn every_mistake_is_told_by_its_field(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let title = Product { title: "  ".into(), ..heart() };
        let price = |units, nanos| Product { price: Some(money("GBP", units, nanos)), ..heart() };
        let both = Product { price: None, title: String::new(), ..heart() };
        let currency = Product { price: Some(money("XYZ", 1, 0)), ..heart() };
        let titled = |title: &str| Product { title: title.into(), ..heart() };
        let described = Product { description: "Han\u{202E}gs.".into(), ..heart() };
        for (product, expected) in [
            (title, vec!["product.title"]),
            (titled("\u{3000}\u{A0}"), vec!["product.title"]),
            (titled("HE\u{200B}ART"), vec!["product.title"]),
            (titled("HEART\nHOLDER"), vec!["product.title"]),
            (described, vec!["product.description"]),
            (both, vec!["product.price", "product.title"]),
            (price(0, 0), vec!["product.price.units"]),
            (price(-1, 0), vec!["product.price.units"]),
            (price(i64::MAX, 0), vec!["product.price.units"]),
            (price(1, 555_000_000), vec!["product.price.nanos"]),
            (currency, vec!["product.price.currencyCode"]),
        ] {
            let refused = shop.create(product.clone()).await.expect_err("it has mistakes");
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert_eq!(reason(&refused), Some(Reason::InvalidField));
            assert_eq!(fields(&refused), expected, "{product:?}");
        }
        assert_eq!(shop.list_all(10, true).await, []);
    }

    async fn an_update_changes_what_its_mask_names(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let created = shop.create(heart()).await.expect("a new product");
        shop.hands.advance(std::time::Duration::from_secs(1));
        let new = Product {
            title: "RED HEART".into(),
            description: "Not this.".into(),
            price: Some(money("JPY", 400, 0)),
            ..heart()
        };
        let updated = shop.update(new, mask(&["title", "price"])).await.expect("it changes");
        assert_eq!(updated.title, "RED HEART");
        assert_eq!(updated.description, created.description);
        assert_eq!(updated.price, Some(money("JPY", 400, 0)));
        assert_ne!(updated.etag, created.etag);
        assert_eq!(updated.create_time, created.create_time);
        assert_ne!(updated.update_time, created.update_time);
        assert_eq!(shop.get("85123A").await.expect("it exists"), updated);
    }

    async fn a_mask_into_the_price_leaves_the_rest_of_it(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        let priced = |price| Product { price, ..heart() };
        let update = async |price, path| {
            let updated = shop.update(priced(Some(price)), mask(&[path])).await.expect("it changes");
            updated.price.expect("it has a price")
        };
        assert_eq!(update(money("JPY", 7, 0), "price.units").await, money("GBP", 7, 550_000_000));
        assert_eq!(update(money("", 0, 250_000_000), "price.nanos").await, money("GBP", 7, 250_000_000));
        assert_eq!(update(money("EUR", 0, 0), "price.currency_code").await, money("EUR", 7, 250_000_000));

        // The whole must be a price, although each part could be one's.
        let yen = priced(Some(money("JPY", 7, 0)));
        let refused = shop.update(yen, mask(&["price.currency_code"])).await;
        assert_eq!(fields(&refused.expect_err("a quarter of a yen")), ["product.price.nanos"]);
        let nothing = shop.update(priced(None), mask(&["price.currency_code"])).await;
        assert_eq!(fields(&nothing.expect_err("no currency")), ["product.price.currencyCode"]);
        let price = shop.get("85123A").await.expect("it exists").price;
        assert_eq!(price, Some(money("EUR", 7, 250_000_000)));
    }

    async fn what_cannot_be_set_apart_is_refused_by_its_name(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        for (path, named) in [
            ("price.cents", "price.cents"),
            ("price.currency_code.first", "price.currencyCode.first"),
            ("create_time.seconds", "createTime.seconds"),
            ("title.en", "title.en"),
        ] {
            let refused = shop.update(heart(), mask(&["title", path])).await.expect_err(path);
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert_eq!(fields(&refused), ["updateMask"], "{path}");
            assert!(refused.message().contains(named), "{refused:?}");
        }
    }

    async fn what_only_the_service_sets_is_not_taken_from_a_client(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let sent = Product {
            state: ProductState::Archived.into(),
            create_time: Some(Timestamp { seconds: 1, nanos: 0 }),
            update_time: Some(Timestamp { seconds: 2, nanos: 0 }),
            etag: "mine".into(),
            ..heart()
        };
        let created = shop.create(sent.clone()).await.expect("the rest is well");
        assert_eq!(created.state(), ProductState::Active);
        assert_ne!(created.create_time, sent.create_time);
        assert_ne!(created.etag, "mine");

        let paths = ["state", "create_time", "update_time", "sku", "etag"];
        let new = Product { etag: created.etag.clone(), ..sent };
        let updated = shop.update(new, mask(&paths)).await.expect("nothing to change");
        assert_eq!(updated, created);
    }

    async fn without_a_mask_the_fields_that_are_set_change(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        let sku = heart().sku;
        let new = Product { sku, title: "RED HEART".into(), ..Product::default() };
        let updated = shop.update(new.clone(), None).await.expect("it changes");
        assert_eq!(updated, Product {
            title: "RED HEART".into(),
            etag: updated.etag.clone(),
            update_time: updated.update_time,
            ..shop.get("85123A").await.expect("it exists")
        });
        assert_eq!(updated.price, heart().price);
        assert_eq!(updated.description, heart().description);

        // `*` is all of them: what is not set is taken away, or is a mistake.
        let refused = shop.update(new.clone(), mask(&["*"])).await.expect_err("it has no price");
        assert_eq!(fields(&refused), ["product.price"]);
        let whole = Product { price: heart().price, ..new };
        let updated = shop.update(whole, mask(&["*"])).await.expect("it changes");
        assert_eq!(updated.description, "");
    }

    async fn an_unknown_path_and_an_unknown_product_are_refused(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let refused = shop.update(heart(), mask(&["colour"])).await.expect_err("no such field");
        assert_eq!(fields(&refused), ["updateMask"]);
        let refused = shop.update(heart(), None).await.expect_err("no such product");
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(reason(&refused), Some(Reason::ResourceNotFound));
        let refused = shop.archive("85123A").await.expect_err("no such product");
        assert_eq!(refused.code(), Code::NotFound);
    }

    async fn of_two_changes_with_the_same_etag_one_is_stale(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let Product { etag, .. } = shop.create(heart()).await.expect("a new product");
        let titled = |title: &str| Product { title: title.into(), etag: etag.clone(), ..heart() };
        let (red, blue) = futures::join!(
            shop.update(titled("RED HEART"), mask(&["title"])),
            shop.update(titled("BLUE HEART"), mask(&["title"])),
        );
        let (won, lost) = if red.is_ok() { (red, blue) } else { (blue, red) };
        let refused = lost.expect_err("one was later");
        assert_eq!(refused.code(), Code::Aborted);
        assert_eq!(reason(&refused), Some(Reason::EtagMismatch));
        assert_eq!(shop.get("85123A").await.ok(), won.ok());
    }

    async fn a_change_on_a_condition_is_made_where_it_holds(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        let change = |title: &str, name: &'static str, condition: &str| {
            let message = UpdateProductRequest {
                product: Some(Product { title: title.into(), ..heart() }),
                update_mask: mask(&["title"]),
            };
            let request = conditional(message, name, condition);
            let mut client = shop.admin();
            async move { client.update_product(request).await }
        };
        for (name, condition) in [
            ("if-match", r#""999""#),
            ("if-match", r#"W/"1""#),
            ("if-none-match", "*"),
            ("if-none-match", r#""7", W/"1""#),
        ] {
            let refused = change("RED", name, condition).await.expect_err(condition);
            assert_eq!(refused.code(), Code::FailedPrecondition, "{condition}");
            assert_eq!(reason(&refused), Some(Reason::EtagMismatch), "{condition}");
        }
        let refused = change("RED", "if-match", "1").await.expect_err("no quotes");
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(shop.get("85123A").await.expect("it exists").title, heart().title);

        for (title, name, condition) in [
            ("RED", "if-match", r#""7", "1""#),
            ("BLUE", "if-match", "*"),
            ("GREEN", "if-none-match", r#""1""#),
        ] {
            change(title, name, condition).await.expect(condition);
            assert_eq!(shop.get("85123A").await.expect("it exists").title, title);
        }

        let archive = |condition: &'static str| {
            let message = ArchiveProductRequest { sku: "85123A".into() };
            let request = conditional(message, "if-match", condition);
            let mut client = shop.admin();
            async move { client.archive_product(request).await }
        };
        let refused = archive(r#""1""#).await.expect_err("it has changed");
        assert_eq!(reason(&refused), Some(Reason::EtagMismatch));
        archive(r#""4""#).await.expect("as it stands");

        let message = CreateProductRequest { product: Some(Product { sku: "B".into(), ..heart() }) };
        let create = |condition: &'static str, name: &'static str| {
            let request = conditional(message.clone(), name, condition);
            let mut client = shop.admin();
            async move { client.create_product(request).await }
        };
        let refused = create("*", "if-match").await.expect_err("there is none");
        assert_eq!(reason(&refused), Some(Reason::EtagMismatch));
        create("*", "if-none-match").await.expect("there is none");
    }

    async fn of_two_changes_on_the_same_condition_one_is_refused(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        let change = |title: &str| {
            let message = UpdateProductRequest {
                product: Some(Product { title: title.into(), ..heart() }),
                update_mask: mask(&["title"]),
            };
            let request = conditional(message, "if-match", r#""1""#);
            let mut client = shop.admin();
            async move { client.update_product(request).await }
        };
        let titles: Vec<_> = (0..8).map(|number| format!("HEART {number}")).collect();
        let changes = titles.iter().map(|title| change(title));
        let made = futures::future::join_all(changes).await;
        assert_eq!(made.iter().filter(|one| one.is_ok()).count(), 1);
        for refused in made.into_iter().filter_map(Result::err) {
            assert_eq!(reason(&refused), Some(Reason::EtagMismatch), "{refused}");
        }
        assert_eq!(shop.get("85123A").await.expect("it exists").etag, "2");
    }

    async fn an_archived_product_is_kept_but_no_longer_sold(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        let archived = shop.archive("85123A").await.expect("it is on sale");
        assert_eq!(archived.state(), ProductState::Archived);
        let again = shop.archive("85123A").await.expect("no change");
        assert_eq!(again, archived);

        assert_eq!(shop.get("85123A").await.expect("it is kept"), archived);
        assert_eq!(shop.list_all(10, false).await, []);
        assert_eq!(shop.list_all(10, true).await, [archived]);
        assert_eq!(shop.search_all("heart", 10).await, [""; 0]);

        let refused = shop.update(heart(), mask(&["title"])).await.expect_err("archived");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::InvalidState));
    }

    async fn the_same_idempotency_key_creates_once_and_answers_the_same(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let create = |product: Product| {
            let request = keyed(CreateProductRequest { product: Some(product) }, "one");
            let mut client = shop.admin();
            async move { client.create_product(request).await.map(|reply| reply.into_inner()) }
        };
        let replies = futures::future::join_all((0..20).map(|_| create(heart()))).await;
        let first = replies[0].as_ref().expect("it is created");
        assert!(replies.iter().all(|reply| reply.as_ref().ok() == Some(first)), "{replies:?}");

        let other = Product { title: "RED HEART".into(), ..heart() };
        let refused = create(other).await.expect_err("the key was used for another body");
        assert_eq!(reason(&refused), Some(Reason::IdempotencyKeyReused));
    }

    async fn an_update_with_the_same_key_is_made_once(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let Product { etag, .. } = shop.create(heart()).await.expect("a new product");
        let update = || {
            let product = Product { title: "RED".into(), etag: etag.clone(), ..heart() };
            let message =
                UpdateProductRequest { product: Some(product), update_mask: mask(&["title"]) };
            let request = keyed(message, "one");
            let mut client = shop.admin();
            async move { client.update_product(request).await.map(|reply| reply.into_inner()) }
        };
        let first = update().await.expect("it changes");
        // The etag is stale by now: only the stored reply can be it.
        assert_eq!(update().await.expect("the stored reply"), first);
    }

    async fn orders_get_the_price_as_it_is_now(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let created = shop.create(heart()).await.expect("a new product");
        shop.create(Product { sku: "A B".into(), ..heart() }).await.expect("a new product");
        let skus = ["A B", "85123A", "missing", "85123A"].map(str::to_owned).to_vec();
        let batch = || async {
            let request = BatchGetProductsRequest { skus: skus.clone() };
            let reply = shop.orders().batch_get_products(request).await.expect("it answers");
            let products = reply.into_inner().products.into_iter();
            products.map(|product| (product.sku.clone(), product)).collect::<HashMap<_, _>>()
        };
        let products = batch().await;
        assert_eq!(products.len(), 2);
        assert_eq!(products["85123A"], created);

        let dear = Product { price: Some(money("GBP", 900, 0)), ..heart() };
        shop.update(dear, mask(&["price"])).await.expect("it changes");
        assert_eq!(batch().await["85123A"].price, Some(money("GBP", 900, 0)));
    }

    async fn only_administrators_change_products(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let request = || CreateProductRequest { product: Some(heart()) };
        let refused = shop.client().create_product(request()).await.expect_err("nobody");
        assert_eq!(refused.code(), Code::Unauthenticated);
        let refused = shop.buyer().create_product(request()).await;
        assert_eq!(refused.expect_err("not an administrator").code(), Code::PermissionDenied);
        let archive = ArchiveProductRequest { sku: "85123A".into() };
        let refused = shop.buyer().archive_product(archive).await.expect_err("not one either");
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}

//! Get, list, and what the cache has to do with it.

use std::time::Duration;

use bus::{BroadcastItem, Bus};
use contracts::tradewind::catalog::v1::{ListProductsRequest, Product, ProductChanged};
use futures::StreamExt as _;
use runtime::status::{Reason, reason};
use runtime::testbed::Tokens;
use tonic::Code;

use crate::fixture::{Shop, heart, skus};

store::on_both! {
    async fn an_unknown_product_is_not_found(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let refused = shop.get("85123A").await.expect_err("there is none");
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(reason(&refused), Some(Reason::ResourceNotFound));
        // That it was asked for before it came is not remembered.
        shop.create(heart()).await.expect("a new product");
        assert!(shop.get("85123A").await.is_ok());
    }

    async fn pages_follow_the_bytes_of_the_skus(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for sku in ["b", "a", "B", "Ä", "A B", "10", "9", "a/b"] {
            shop.create(Product { sku: sku.into(), ..heart() }).await.expect("a new product");
        }
        let expected = ["10", "9", "A B", "B", "a", "a/b", "b", "Ä"];
        for page_size in [1, 3, 8, 50] {
            assert_eq!(skus(&shop.list_all(page_size, false).await), expected, "by {page_size}");
        }
    }

    async fn a_token_is_good_for_its_list_only(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for sku in ["a", "b"] {
            shop.create(Product { sku: sku.into(), ..heart() }).await.expect("a new product");
        }
        let request = ListProductsRequest { page_size: 1, ..Default::default() };
        let page = shop.client().list_products(request).await.expect("a page").into_inner();
        for page_token in ["gibberish".to_owned(), page.next_page_token.clone() + "x"] {
            let request = ListProductsRequest { page_token, ..Default::default() };
            let refused = shop.client().list_products(request).await.expect_err("no token");
            assert_eq!(reason(&refused), Some(Reason::PageTokenInvalid));
        }
        let page_token = page.next_page_token;
        let request = ListProductsRequest { page_token, show_archived: true, page_size: 1 };
        let refused = shop.admin().list_products(request).await.expect_err("another list's");
        assert_eq!(reason(&refused), Some(Reason::PageTokenInvalid));
    }

    async fn archived_products_are_listed_for_administrators_only(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.create(heart()).await.expect("a new product");
        shop.archive("85123A").await.expect("it is on sale");
        let all = ListProductsRequest { show_archived: true, ..Default::default() };
        let on_sale = ListProductsRequest::default();

        let page = shop.admin().list_products(all.clone()).await.expect("a page");
        assert_eq!(skus(&page.into_inner().products), ["85123A"]);
        let page = shop.buyer().list_products(on_sale.clone()).await.expect("a page");
        assert_eq!(page.into_inner().products, []);
        let refused = shop.buyer().list_products(all.clone()).await;
        let refused = refused.expect_err("a buyer");
        assert_eq!(reason(&refused), Some(Reason::AccessDenied));
        assert_eq!(refused.code(), Code::PermissionDenied);
        let refused = shop.client().list_products(all.clone()).await.expect_err("anybody");
        assert_eq!(reason(&refused), Some(Reason::TokenMissing));
        assert_eq!(refused.code(), Code::Unauthenticated);

        // A token that does not hold keeps nobody out, and lets nobody see more.
        let nonsense = Tokens { user: Some("nonsense".into()), workload: None };
        let mut somebody = shop.client_with(nonsense);
        let page = somebody.list_products(on_sale).await.expect("a page");
        assert_eq!(page.into_inner().products, []);
        let refused = somebody.list_products(all).await.expect_err("nobody");
        assert_eq!(reason(&refused), Some(Reason::TokenMissing));
    }

    async fn a_change_at_one_replica_is_soon_seen_at_the_other(database: TestDatabase) {
        let bus = Bus::in_process();
        let here = Shop::open_on(&database, &bus).await;
        let there = Shop::open_on(&database, &bus).await;
        here.create(heart()).await.expect("a new product");
        // Both have it in their caches now.
        for shop in [&here, &there] {
            assert_eq!(shop.get("85123A").await.expect("it exists").title, heart().title);
            shop.list_all(10, false).await;
        }
        let red = Product { title: "RED HEART".into(), ..heart() };
        let red = here.update(red, None).await.expect("it changes");
        assert_eq!(here.get("85123A").await.expect("at once"), red);
        assert_eq!(here.list_all(10, false).await, std::slice::from_ref(&red));
        let seen = async {
            while there.get("85123A").await.ok().as_ref() != Some(&red)
                || there.list_all(10, false).await != [red.clone()]
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), seen).await.expect("told by the broadcast");
    }

    async fn each_change_is_told_with_its_version(database: TestDatabase) {
        let bus = Bus::in_process();
        let mut heard = bus.broadcast(&["catalog.v1.ProductChanged"]);
        let shop = Shop::open_on(&database, &bus).await;
        shop.create(heart()).await.expect("a new product");
        shop.update(heart(), None).await.expect("nothing to change, nothing to tell");
        shop.archive("85123A").await.expect("it is on sale");
        let mut versions = Vec::new();
        while versions.len() < 2 {
            let item = tokio::time::timeout(Duration::from_secs(5), heard.next()).await;
            if let Some(BroadcastItem::Event(event)) = item.expect("it is told") {
                let changed: ProductChanged = store::message(&event).expect("it decodes");
                assert_eq!((changed.sku.as_str(), changed.version), ("85123A", event.version));
                assert_eq!(event.source, "svc-catalog");
                versions.push(event.version);
            }
        }
        versions.sort_unstable();
        assert_eq!(versions, [1, 2]);
    }
}

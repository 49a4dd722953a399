//! Search.

use contracts::tradewind::catalog::v1::{Product, SearchProductsRequest};
use store::testing::TestDatabase;

use crate::fixture::{Shop, fields, heart, skus};

async fn stocked(database: &TestDatabase) -> Shop {
    let shop = Shop::open(database).await;
    for (sku, title, description) in [
        ("1", "WHITE HANGING HEART T-LIGHT HOLDER", "Holds a candle."),
        ("2", "SET OF 3 HEARTS", "For the wall, white."),
        ("3", "THE KING GIFT BAG 3.5cm", "Paper/linen."),
        ("4", "CANDLE", "Smells of a white heart."),
        ("5", "Müsli bowl", "<b>Bold</b> & blue's"),
    ] {
        let (sku, title, description) = (sku.into(), title.into(), description.into());
        shop.create(Product {
            sku,
            title,
            description,
            ..heart()
        })
        .await
        .expect("a new product");
    }
    shop
}

store::on_both! {
    async fn all_words_must_be_found_in_whatever_case_and_number(database: TestDatabase) {
        let shop = stocked(&database).await;
        for (query, expected) in [
            ("hearts", vec!["1", "2", "4"]),
            ("White HEART", vec!["1", "2", "4"]),
            ("white heart candle", vec!["1", "4"]),
            ("light", vec!["1"]),
            ("t-light holder", vec!["1"]),
            ("the king", vec!["3"]),
            ("3.5cm", vec!["3"]),
            ("linen", vec!["3"]),
            ("müsli", vec!["5"]),
            ("MÜSLI bold", vec!["5"]),
            ("heart OR candle", vec![]),
            ("hear", vec![]),
            ("\"heart\" AND (white* NEAR -candle", vec![]),
        ] {
            let mut found = shop.search_all(query, 10).await;
            found.sort_unstable();
            assert_eq!(found, expected, "{query}");
        }
    }

    async fn a_match_in_the_title_comes_first(database: TestDatabase) {
        let shop = stocked(&database).await;
        assert_eq!(shop.search_all("candle", 10).await, ["4", "1"]);
        assert_eq!(shop.search_all("hearts", 10).await.last().map(String::as_str), Some("4"));
    }

    async fn a_changed_text_is_found_by_its_new_words_only(database: TestDatabase) {
        let shop = stocked(&database).await;
        let sku = "4".to_owned();
        let new = Product { sku, title: "LANTERN".into(), ..Product::default() };
        shop.update(new, None).await.expect("it changes");
        assert_eq!(shop.search_all("lantern", 10).await, ["4"]);
        assert_eq!(shop.search_all("candle", 10).await, ["1"]);
    }

    async fn pages_hold_each_match_once_also_if_products_are_added(database: TestDatabase) {
        let shop = stocked(&database).await;
        for number in 0..20 {
            let (sku, title) = (format!("lamp {number:02}"), format!("Lamp no. {}", number % 4));
            shop.create(Product { sku, title, ..heart() }).await.expect("a new product");
        }
        let all = shop.search_all("lamp", 100).await;
        assert_eq!(all.len(), 20);
        assert_eq!(shop.search_all("lamp", 3).await, all);

        let request = SearchProductsRequest {
            query: "lamp".into(),
            page_size: 7,
            ..Default::default()
        };
        let first = shop.client().search_products(request.clone()).await.expect("a page");
        let first = first.into_inner();
        // Longer than any: it ranks behind them, and moves none of them.
        let (sku, title) = ("lamp 99".to_owned(), "Lamp ".repeat(2) + &"of many words ".repeat(10));
        shop.create(Product { sku, title, ..heart() }).await.expect("a new product");
        let page_token = first.next_page_token;
        let rest = SearchProductsRequest { page_token, page_size: 100, ..request };
        let rest = shop.client().search_products(rest).await.expect("a page").into_inner();
        let mut found = skus(&first.products);
        found.extend(skus(&rest.products));
        found.retain(|sku| *sku != "lamp 99");
        assert_eq!(found, all.iter().map(String::as_str).collect::<Vec<_>>());
    }

    async fn a_query_without_words_is_a_mistake(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let request = SearchProductsRequest { query: "-- *".into(), ..Default::default() };
        let refused = shop.client().search_products(request).await.expect_err("no words");
        assert_eq!(fields(&refused), ["query"]);
    }
}

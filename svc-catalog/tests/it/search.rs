//! Search.

use contracts::tradewind::catalog::v1::{Product, SearchProductsRequest};
use store::testing::TestDatabase;

use crate::fixture::{Shop, heart, skus};

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

    async fn a_query_without_words_finds_nothing(database: TestDatabase) {
        let shop = stocked(&database).await;
        for query in ["-- *", "🎉", "❤\u{FE0F}", "€", "%", " "] {
            assert_eq!(shop.search_all(query, 10).await, [""; 0], "{query:?}");
        }
        // Beside words they say nothing.
        assert_eq!(shop.search_all("🎉 linen ★", 10).await, ["3"]);
    }

    async fn a_text_is_found_in_whatever_form_and_without_its_accents(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let product = |sku: &str, title: &str, description: &str| {
            let (sku, title, description) = (sku.into(), title.into(), description.into());
            shop.create(Product { sku, title, description, ..heart() })
        };
        let decomposed = product("1", "Cafe\u{301} cre\u{300}me", "Mu\u{308}sli").await;
        let decomposed = decomposed.expect("a new product");
        assert_eq!((decomposed.title.as_str(), decomposed.description.as_str()), ("Café crème", "Müsli"));
        product("2", "CAFÉ CRÈME", "Straße").await.expect("a new product");
        for query in ["Café crème", "Cafe\u{301} cre\u{300}me", "cafe creme", "ＣＡＦＥ"] {
            let mut found = shop.search_all(query, 10).await;
            found.sort_unstable();
            assert_eq!(found, ["1", "2"], "{query}");
        }
        assert_eq!(shop.search_all("musli", 10).await, ["1"]);
        assert_eq!(shop.search_all("STRASSE", 10).await, ["2"]);
    }

    async fn a_word_of_a_script_without_spaces_is_found_within_a_longer_one(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for (sku, title) in [("1", "宜兴紫砂茶壶礼盒"), ("2", "アイスティーセット"), ("3", "대한민국 찻잔")] {
            let (sku, title) = (sku.into(), title.into());
            shop.create(Product { sku, title, ..heart() }).await.expect("a new product");
        }
        for (query, expected) in [
            ("茶壶", vec!["1"]),
            ("茶", vec!["1"]),
            ("宜兴紫砂茶壶礼盒", vec!["1"]),
            ("ティー", vec!["2"]),
            ("민국", vec!["3"]),
            ("茶 礼盒", vec!["1"]),
            ("壶茶", vec![]),
            ("茶壶セット", vec![]),
        ] {
            assert_eq!(shop.search_all(query, 10).await, expected, "{query}");
        }
    }

    async fn what_an_older_service_has_written_is_found_too(database: TestDatabase) {
        let shop = stocked(&database).await;
        let db = database.open(store::migrations!()).await;
        let mut tx = db.begin().await.expect("a transaction");
        let sql = "UPDATE products SET title_words = '', description_words = '', words_version = 0";
        store::execute!(tx, sql).expect("older rows");
        tx.commit().await.expect("committed");
        let restarted = Shop::open(&database).await;
        assert_eq!(restarted.search_all("musli", 10).await, ["5"]);
        assert_eq!(shop.search_all("hearts", 10).await.len(), 3);
        assert_eq!(shop.get("5").await.expect("it exists").etag, "1");
    }
}

//! A catalogue for one test, on a database and a clock of its own.

use std::ops::Deref;

use bus::Bus;
use contracts::google::r#type::Money;
use contracts::tradewind::catalog::v1::catalog_service_client::CatalogServiceClient;
use contracts::tradewind::catalog::v1::{
    ArchiveProductRequest, CreateProductRequest, GetProductRequest, ListProductsRequest, Product,
    SearchProductsRequest, UpdateProductRequest,
};
use net::clock::ManualClock;
use prost_types::FieldMask;
use runtime::testbed::{Bearer, Tokens};
use store::CacheConfig;
use store::testing::{self, Common, TestDatabase};
use svc_catalog::Config;
use tonic::Status;
use uuid::Uuid;

pub(crate) type Client = CatalogServiceClient<Bearer>;

/// A catalogue, and its clients.
pub(crate) struct Shop {
    bed: testing::Bed<Config>,
    /// Of its clock, which stands still otherwise.
    pub(crate) hands: ManualClock,
}

impl Deref for Shop {
    type Target = testing::Bed<Config>;

    fn deref(&self) -> &Self::Target {
        &self.bed
    }
}

impl Shop {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        Self::open_on(database, &Bus::in_process()).await
    }

    /// A replica of the catalogue, beside others on the same database and bus.
    pub(crate) async fn open_on(database: &TestDatabase, bus: &Bus) -> Self {
        let (common, hands) = Common::still();
        let bus = bus.clone();
        let mesh = Common { bus, ..common }.testbed();
        let tables = database.tables(|| store::migrations!());
        let config = Config::new(database.config(), CacheConfig::default());
        let bed = testing::Bed::start(mesh, "svc-catalog", tables, config, svc_catalog::build);
        let bed = bed.await.expect("the catalogue is built");
        Self { bed, hands }
    }

    /// The catalogue as anybody calls it.
    pub(crate) fn client(&self) -> Client {
        self.client_with(Tokens::default())
    }

    pub(crate) fn client_with(&self, tokens: Tokens) -> Client {
        CatalogServiceClient::new(self.with(tokens))
    }

    /// The catalogue as an administrator calls it.
    pub(crate) fn admin(&self) -> Client {
        CatalogServiceClient::new(self.as_user(Uuid::from_u128(7), &["user", "admin"]))
    }

    /// The catalogue as somebody who buys calls it.
    pub(crate) fn buyer(&self) -> Client {
        CatalogServiceClient::new(self.as_user(Uuid::from_u128(7), &["user"]))
    }

    /// The catalogue as svc-orders calls it.
    pub(crate) fn orders(&self) -> Client {
        CatalogServiceClient::new(self.as_workload("svc-orders"))
    }

    pub(crate) async fn create(&self, product: Product) -> Result<Product, Status> {
        let request = CreateProductRequest {
            product: Some(product),
        };
        let reply = self.admin().create_product(request).await?.into_inner();
        Ok(reply.product.expect("a reply has its product"))
    }

    pub(crate) async fn update(
        &self,
        product: Product,
        update_mask: Option<FieldMask>,
    ) -> Result<Product, Status> {
        let message = UpdateProductRequest {
            product: Some(product),
            update_mask,
        };
        let reply = self.admin().update_product(message).await?.into_inner();
        Ok(reply.product.expect("a reply has its product"))
    }

    pub(crate) async fn archive(&self, sku: &str) -> Result<Product, Status> {
        let request = ArchiveProductRequest { sku: sku.into() };
        let reply = self.admin().archive_product(request).await?.into_inner();
        Ok(reply.product.expect("a reply has its product"))
    }

    pub(crate) async fn get(&self, sku: &str) -> Result<Product, Status> {
        let reply = self
            .client()
            .get_product(GetProductRequest { sku: sku.into() })
            .await?;
        Ok(reply.into_inner().product.expect("a reply has its product"))
    }

    /// All pages of the list, as an administrator sees it.
    pub(crate) async fn list_all(&self, page_size: i32, show_archived: bool) -> Vec<Product> {
        let mut request = ListProductsRequest {
            page_size,
            show_archived,
            page_token: String::new(),
        };
        let mut products = Vec::new();
        loop {
            let page = self
                .admin()
                .list_products(request.clone())
                .await
                .expect("a page");
            let page = page.into_inner();
            assert!(page.products.len() <= page_size as usize);
            products.extend(page.products);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return products;
            }
        }
    }

    /// The SKUs of all pages of the result.
    pub(crate) async fn search_all(&self, query: &str, page_size: i32) -> Vec<String> {
        let query = query.into();
        let mut request = SearchProductsRequest {
            query,
            page_size,
            page_token: String::new(),
        };
        let mut found = Vec::new();
        loop {
            let page = self
                .client()
                .search_products(request.clone())
                .await
                .expect("a page");
            let page = page.into_inner();
            assert!(page.products.len() <= page_size as usize);
            found.extend(page.products.into_iter().map(|product| product.sku));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return found;
            }
        }
    }
}

pub(crate) fn money(currency_code: &str, units: i64, nanos: i32) -> Money {
    Money {
        currency_code: currency_code.into(),
        units,
        nanos,
    }
}

/// A product to add.
pub(crate) fn heart() -> Product {
    Product {
        sku: "85123A".into(),
        title: "WHITE HANGING HEART T-LIGHT HOLDER".into(),
        description: "Holds a candle.".into(),
        price: Some(money("GBP", 2, 550_000_000)),
        ..Product::default()
    }
}

pub(crate) fn skus(products: &[Product]) -> Vec<&str> {
    products
        .iter()
        .map(|product| product.sku.as_str())
        .collect()
}

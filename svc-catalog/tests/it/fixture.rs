//! A catalogue for one test, on a database and a clock of its own.

use bus::Bus;
use contracts::google::r#type::Money;
use contracts::tradewind::catalog::v1::catalog_service_client::CatalogServiceClient;
use contracts::tradewind::catalog::v1::{
    ArchiveProductRequest, CreateProductRequest, GetProductRequest, ListProductsRequest, Product,
    SearchProductsRequest, UpdateProductRequest,
};
use net::clock::{Clock, ManualClock};
use net::telemetry::Telemetry;
use prost_types::FieldMask;
use runtime::client::Channel;
use runtime::host::HostConfig;
use runtime::testbed::Testbed;
use store::CacheConfig;
use store::testing::TestDatabase;
use svc_catalog::Config;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

const NAME: &str = "svc-catalog";

/// A catalogue, and its clients.
pub(crate) struct Shop {
    testbed: Testbed,
    /// Of its clock, which stands still otherwise.
    pub(crate) hands: ManualClock,
}

impl Shop {
    pub(crate) async fn open(database: &TestDatabase) -> Self {
        Self::open_on(database, &Bus::in_process()).await
    }

    /// A replica of the catalogue, beside others on the same database and bus.
    pub(crate) async fn open_on(database: &TestDatabase, bus: &Bus) -> Self {
        let (clock, hands) = Clock::manual(Clock::system().now());
        let host = HostConfig::new(Telemetry::detached(), bus.clone());
        let mut testbed = Testbed::with(HostConfig { clock, ..host });
        let node = testbed.node(NAME).await;
        let config = Config {
            database: database.config(),
            cache: CacheConfig::default(),
        };
        let service = svc_catalog::build(config, &node)
            .await
            .expect("the catalogue builds");
        testbed
            .serve(&node, service)
            .expect("its contract is complete");
        testbed.start().await;
        Self { testbed, hands }
    }

    pub(crate) fn client(&self) -> CatalogServiceClient<Channel> {
        CatalogServiceClient::new(self.testbed.channel(NAME))
    }

    /// A request of an administrator.
    pub(crate) fn admin<T>(&self, message: T) -> Request<T> {
        self.of_user(message, &["user", "admin"])
    }

    /// A request of somebody who buys.
    pub(crate) fn user<T>(&self, message: T) -> Request<T> {
        self.of_user(message, &["user"])
    }

    fn of_user<T>(&self, message: T, roles: &[&str]) -> Request<T> {
        let token = self
            .testbed
            .access_token(Uuid::from_u128(7), Uuid::nil(), roles);
        with_token(message, "authorization", &token)
    }

    /// A request of another service.
    pub(crate) fn workload<T>(&self, name: &str, message: T) -> Request<T> {
        with_token(
            message,
            "x-workload-authorization",
            &self.testbed.workload_token(name),
        )
    }

    pub(crate) async fn create(&self, product: Product) -> Result<Product, Status> {
        let request = self.admin(CreateProductRequest {
            product: Some(product),
        });
        let reply = self.client().create_product(request).await?.into_inner();
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
        let reply = self
            .client()
            .update_product(self.admin(message))
            .await?
            .into_inner();
        Ok(reply.product.expect("a reply has its product"))
    }

    pub(crate) async fn archive(&self, sku: &str) -> Result<Product, Status> {
        let request = self.admin(ArchiveProductRequest { sku: sku.into() });
        let reply = self.client().archive_product(request).await?.into_inner();
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
                .client()
                .list_products(self.admin(request.clone()))
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

pub(crate) fn with_token<T>(message: T, key: &'static str, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}")
        .parse()
        .expect("a token is printable ASCII");
    request.metadata_mut().insert(key, value);
    request
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

/// The fields that a refusal names, sorted.
pub(crate) fn fields(refused: &Status) -> Vec<String> {
    let request = refused.get_details_bad_request().expect("it names fields");
    let mut fields: Vec<_> = request
        .field_violations
        .into_iter()
        .map(|v| v.field)
        .collect();
    fields.sort_unstable();
    fields
}

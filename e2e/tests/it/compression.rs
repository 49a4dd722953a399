//! Clients whose libraries compress what they send, at a service's own port and at the edge.

use contracts::tradewind::catalog::v1::GetProductRequest;
use contracts::tradewind::catalog::v1::catalog_service_client::CatalogServiceClient;
use e2e::{Mesh, unique::unique};
use serde_json::json;
use tonic::codec::CompressionEncoding;
use tonic::transport::Endpoint;

crate::on_both!(messages_are_compressed_both_ways);

async fn messages_are_compressed_both_ways(mesh: &Mesh) {
    let (sku, description) = (unique("SKU"), "a thing ".repeat(200));
    let price = json!({"currencyCode": "GBP", "units": "12"});
    let product =
        json!({"sku": sku, "title": "A thing", "price": price, "description": description});
    let admin = mesh.admin().await;
    admin.post("/v1/products", &product).await.expect(201);
    let service = format!("http://{}", mesh.grpc["svc-catalog"][0]);
    for address in [&service, &mesh.edges[0]] {
        for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
            let endpoint = Endpoint::from_shared(address.clone()).expect("an address");
            let channel = endpoint.connect().await.expect("somebody listens");
            let mut client = CatalogServiceClient::new(channel)
                .send_compressed(encoding)
                .accept_compressed(encoding);
            let request = GetProductRequest { sku: sku.clone() };
            let reply = client.get_product(request).await;
            let reply = reply.unwrap_or_else(|status| panic!("{address} {encoding}: {status}"));
            let packed = reply.metadata().get("grpc-encoding").cloned();
            assert_eq!(packed.expect("it is packed"), encoding.to_string().as_str());
            let product = reply.into_inner().product.expect("a product");
            assert_eq!(product.description.trim(), description.trim());
        }
    }
}

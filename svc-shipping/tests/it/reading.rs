//! Reading shipments.

use contracts::tradewind::shipping::v1::shipping_service_client::ShippingServiceClient;
use contracts::tradewind::shipping::v1::{GetTrackingRequest, ListShipmentsRequest};
use runtime::status::{Reason, reason};
use tonic::Code;

use crate::warehouse::Warehouse;

store::on_both! {
    async fn shipments_are_seen_by_their_owner_and_administrators_only(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, bob) = (warehouse.user(), warehouse.user());
        let administrator = warehouse.administrator();
        let order = warehouse.new_id();
        warehouse.confirmed(order, ada.id).await;
        let shipment = ada.list().await.remove(0);
        assert!(bob.list().await.is_empty());
        let refused = bob.get(&shipment.shipment_id).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(administrator.get(&shipment.shipment_id).await.unwrap(), shipment);
        let of_the_order = ListShipmentsRequest { order_id: order.to_string(), ..Default::default() };
        let found = administrator.list_by(of_the_order.clone()).await.unwrap().shipments;
        assert_eq!(found, std::slice::from_ref(&shipment));
        assert_eq!(ada.list_by(of_the_order.clone()).await.unwrap().shipments, [shipment]);
        assert!(bob.list_by(of_the_order).await.unwrap().shipments.is_empty());
    }

    async fn shipments_are_listed_newest_first_page_by_page(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let ada = warehouse.user();
        for _ in 0..5 {
            warehouse.confirmed(warehouse.new_id(), ada.id).await;
        }
        let all = ada.list().await;
        assert!(all.is_sorted_by(|one, two| one.shipment_id > two.shipment_id));
        let mut listed = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListShipmentsRequest { page_size: 2, page_token, ..Default::default() };
            let page = ada.list_by(request).await.unwrap();
            listed.extend(page.shipments);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(listed, all);
        assert_eq!(listed.len(), 5);
        let wrong = ListShipmentsRequest { page_token: "gibberish".into(), ..Default::default() };
        let refused = ada.list_by(wrong).await.unwrap_err();
        assert_eq!(reason(&refused), Some(Reason::PageTokenInvalid));
    }
    async fn who_sends_mails_learns_how_a_shipment_is_found(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, administrator) = (warehouse.user(), warehouse.administrator());
        warehouse.confirmed(warehouse.new_id(), ada.id).await;
        let shipment_id = ada.list().await.remove(0).shipment_id;
        let mut notify = ShippingServiceClient::new(warehouse.as_workload("svc-notify"));
        let request = GetTrackingRequest { shipment_id: shipment_id.clone() };
        let before = notify.get_tracking(request.clone()).await.unwrap().into_inner();
        assert_eq!((before.carrier.as_str(), before.items.len()), ("", 2));
        administrator.dispatch(&shipment_id, "RM 1").await.unwrap();
        let tracking = notify.get_tracking(request.clone()).await.unwrap().into_inner();
        assert_eq!((tracking.carrier.as_str(), tracking.tracking_number.as_str()), ("Royal Mail", "RM 1"));
        let mut orders = ShippingServiceClient::new(warehouse.as_workload("svc-orders"));
        let refused = orders.get_tracking(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let nothing = GetTrackingRequest { shipment_id: warehouse.new_id().to_string() };
        assert_eq!(notify.get_tracking(nothing).await.unwrap_err().code(), Code::NotFound);
    }
}

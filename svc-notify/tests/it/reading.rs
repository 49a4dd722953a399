//! What there is to be told of.

use contracts::tradewind::notify::v1::ListEventTypesRequest;

use crate::bed::Bed;

store::on_both! {
    async fn every_event_is_listed_with_what_it_is_about(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let listed = bed.admin().list_event_types(ListEventTypesRequest {}).await;
        let listed = listed.expect("an administrator sees them").into_inner().event_types;
        let delivered = listed.iter().find(|one| one.name == "shipping.v1.ShipmentDelivered");
        let delivered = delivered.expect("it is an event");
        assert_eq!(delivered.description, "A shipment has arrived.");
    }
}

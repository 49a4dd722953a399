import com.example.tradewind.auth.v1.AuthServiceGrpc;
import com.example.tradewind.auth.v1.RegisterRequest;
import com.example.tradewind.catalog.v1.CatalogServiceGrpc;
import com.example.tradewind.catalog.v1.ListProductsRequest;
import com.example.tradewind.orders.v1.Address;
import com.example.tradewind.orders.v1.CreateOrderItem;
import com.example.tradewind.orders.v1.CreateOrderRequest;
import com.example.tradewind.orders.v1.OrdersServiceGrpc;
import com.example.tradewind.shipping.v1.ListShipmentsRequest;
import com.example.tradewind.shipping.v1.ShippingServiceGrpc;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.net.URI;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A purchase by grpc-java: Purchase EDGE SKU. It prints the ids of the order and of its shipment as JSON. */
public final class Purchase {
  public static void main(String[] arguments) throws InterruptedException {
    URI edge = URI.create(arguments[0]);
    ManagedChannel channel =
        ManagedChannelBuilder.forAddress(edge.getHost(), edge.getPort()).usePlaintext().build();
    try {
      System.out.println(buy(channel, arguments[1]));
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  private static String buy(ManagedChannel channel, String sku) throws InterruptedException {
    RegisterRequest account =
        RegisterRequest.newBuilder()
            .setEmail(UUID.randomUUID() + "@example.com")
            .setPassword("a long enough password")
            .setDisplayName("A buyer")
            .build();
    String token = AuthServiceGrpc.newBlockingStub(channel).register(account).getAccessToken();
    find(channel, sku);

    var orders =
        OrdersServiceGrpc.newBlockingStub(channel)
            .withInterceptors(with("authorization", "Bearer " + token))
            // Sent again with the same key, it is the same order.
            .withInterceptors(with("idempotency-key", UUID.randomUUID().toString()));
    CreateOrderRequest request =
        CreateOrderRequest.newBuilder()
            .addItems(CreateOrderItem.newBuilder().setSku(sku).setQuantity(1))
            .setPaymentToken("tok_ok")
            .setShipTo(
                Address.newBuilder()
                    .setName("A buyer")
                    .addLines("1 Quay Street")
                    .setCity("Bristol")
                    .setCountry("GB"))
            .build();
    String order = orders.createOrder(request).getOrder().getOrderId();
    String again = orders.createOrder(request).getOrder().getOrderId();
    if (!again.equals(order)) {
      throw new IllegalStateException("the same order again: " + again + " instead of " + order);
    }

    var shipping =
        ShippingServiceGrpc.newBlockingStub(channel)
            .withInterceptors(with("authorization", "Bearer " + token))
            .withDeadlineAfter(60, TimeUnit.SECONDS);
    var ofOrder = ListShipmentsRequest.newBuilder().setOrderId(order).build();
    while (true) {
      var shipments = shipping.listShipments(ofOrder).getShipmentsList();
      if (!shipments.isEmpty()) {
        String shipment = shipments.get(0).getShipmentId();
        return String.format("{\"order\":\"%s\",\"shipment\":\"%s\"}", order, shipment);
      }
      Thread.sleep(50);
    }
  }

  /** Goes through the pages of the catalogue until it sees the product. */
  private static void find(ManagedChannel channel, String sku) {
    var catalog = CatalogServiceGrpc.newBlockingStub(channel);
    String page = "";
    do {
      var reply = catalog.listProducts(ListProductsRequest.newBuilder().setPageToken(page).build());
      if (reply.getProductsList().stream().anyMatch(product -> product.getSku().equals(sku))) {
        return;
      }
      page = reply.getNextPageToken();
    } while (!page.isEmpty());
    throw new IllegalStateException(sku + " is not among the products");
  }

  private static ClientInterceptor with(String name, String value) {
    Metadata metadata = new Metadata();
    metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    return MetadataUtils.newAttachHeadersInterceptor(metadata);
  }
}

import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.AuthServiceApi;
import org.openapitools.client.api.CatalogServiceApi;
import org.openapitools.client.api.OrdersServiceApi;
import org.openapitools.client.api.ShippingServiceApi;
import org.openapitools.client.model.AddressInput;
import org.openapitools.client.model.CreateOrderItem;
import org.openapitools.client.model.CreateOrderRequest;
import org.openapitools.client.model.ErrorDetail;
import org.openapitools.client.model.ErrorReply;
import org.openapitools.client.model.ListProductsReply;
import org.openapitools.client.model.OrderEvent;
import org.openapitools.client.model.OrderState;
import org.openapitools.client.model.RegisterRequest;
import org.openapitools.client.model.Shipment;

/**
 * A purchase over REST by openapi-generator: GeneratedPurchase EDGE SKU. It prints the ids of the order
 * and of its shipment as JSON, and what else the order's replies tell.
 */
public final class GeneratedPurchase {
  /** The id of an order that does not exist. */
  private static final UUID NOBODYS = new UUID(0, 0);

  /** An event as a later version may tell it: with a state and a field that this one does not know. */
  private static final String UNHEARD =
      "{\"sequence\":\"1\",\"orderId\":\"\",\"oldState\":\"ORDER_STATE_PENDING\","
          + "\"newState\":\"ORDER_STATE_LOST\",\"actor\":\"\",\"reason\":\"\","
          + "\"createTime\":\"2026-01-02T03:04:05.6Z\",\"weather\":{\"sky\":\"grey\"}}";

  public static void main(String[] arguments)
      throws ApiException, InterruptedException, IOException {
    OrderState state = OrderEvent.fromJson(UNHEARD).getNewState();
    if (state != OrderState.UNKNOWN_DEFAULT_OPEN_API) {
      throw new IllegalStateException(state + " is known");
    }
    System.out.println(buy(new ApiClient().setBasePath(arguments[0]), arguments[1]));
    // The client's threads would live on for a minute.
    System.exit(0);
  }

  private static String buy(ApiClient client, String sku)
      throws ApiException, InterruptedException, IOException {
    RegisterRequest account =
        new RegisterRequest()
            .email(UUID.randomUUID() + "@example.com")
            .password("a long enough password")
            .displayName("A buyer");
    String token = new AuthServiceApi(client).register(account).getAccessToken();
    find(client, sku);

    client.setBearerToken(token);
    OrdersServiceApi orders = new OrdersServiceApi(client);
    CreateOrderRequest request =
        new CreateOrderRequest()
            .addItemsItem(new CreateOrderItem().sku(sku).quantity(1))
            .paymentToken("tok_ok")
            .shipTo(
                new AddressInput()
                    .name("A buyer")
                    .addLinesItem("1 Quay Street")
                    .city("Bristol")
                    .country("GB"));
    // Sent again with the same key, it is the same order.
    String key = UUID.randomUUID().toString();
    String order = orders.createOrder(request, key, null, null).getOrderId();
    String again = orders.createOrder(request, key, null, null).getOrderId();
    if (!again.equals(order)) {
      throw new IllegalStateException("the same order again: " + again + " instead of " + order);
    }
    String shipment = shipment(client, order);

    UUID id = UUID.fromString(order);
    String total = orders.getOrder(id, null, null).getTotal().getUnits();
    String states =
        orders.listOrderEvents(id, null, null).getEvents().stream()
            .map(event -> "\"" + event.getNewState() + "\"")
            .collect(Collectors.joining(","));
    return String.format(
        "{\"order\":\"%s\",\"shipment\":\"%s\",\"total\":\"%s\",\"states\":[%s],\"refusal\":\"%s\"}",
        order, shipment, total, states, refusal(orders));
  }

  /** Goes through the pages of the catalogue until it sees the product. */
  private static void find(ApiClient client, String sku) throws ApiException {
    CatalogServiceApi catalog = new CatalogServiceApi(client);
    String page = "";
    do {
      ListProductsReply reply = catalog.listProducts(null, page, null, null);
      if (reply.getProducts().stream().anyMatch(product -> product.getSku().equals(sku))) {
        return;
      }
      page = reply.getNextPageToken();
    } while (!page.isEmpty());
    throw new IllegalStateException(sku + " is not among the products");
  }

  private static String shipment(ApiClient client, String order)
      throws ApiException, InterruptedException {
    ShippingServiceApi shipping = new ShippingServiceApi(client);
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (System.nanoTime() < deadline) {
      List<Shipment> shipments = shipping.listShipments(null, null, order).getShipments();
      if (!shipments.isEmpty()) {
        return shipments.get(0).getShipmentId();
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("there is no shipment");
  }

  /** Why somebody gets no order that does not exist. */
  private static String refusal(OrdersServiceApi orders) throws IOException {
    try {
      return orders.getOrder(NOBODYS, null, null).toString();
    } catch (ApiException refused) {
      for (ErrorDetail detail :
          ErrorReply.fromJson(refused.getResponseBody()).getError().getDetails()) {
        if (detail.getReason() != null) {
          return detail.getReason().toString();
        }
      }
      return refused.toString();
    }
  }
}

import java.util.UUID
import kotlin.system.exitProcess
import org.openapitools.client.apis.AuthServiceApi
import org.openapitools.client.apis.CatalogServiceApi
import org.openapitools.client.apis.OrdersServiceApi
import org.openapitools.client.apis.ShippingServiceApi
import org.openapitools.client.infrastructure.ApiClient
import org.openapitools.client.infrastructure.ClientError
import org.openapitools.client.infrastructure.ClientException
import org.openapitools.client.infrastructure.Serializer
import org.openapitools.client.models.AddressInput
import org.openapitools.client.models.CreateOrderItem
import org.openapitools.client.models.CreateOrderRequest
import org.openapitools.client.models.ErrorReply
import org.openapitools.client.models.OrderEvent
import org.openapitools.client.models.OrderState
import org.openapitools.client.models.RegisterRequest

/** The id of an order that does not exist. */
private val NOBODYS = UUID(0, 0)

/** An event as a later version may tell it: with a state and a field that this one does not know. */
private const val UNHEARD =
    """{"sequence":"1","orderId":"","oldState":"ORDER_STATE_PENDING","newState":"ORDER_STATE_LOST",
       "actor":"","reason":"","createTime":"2026-01-02T03:04:05.6Z","weather":{"sky":"grey"}}"""

/**
 * A purchase over REST by openapi-generator: GeneratedPurchaseKt EDGE SKU. It prints the ids of the order
 * and of its shipment as JSON, and what else the order's replies tell.
 */
fun main(arguments: Array<String>) {
    val (edge, sku) = arguments
    val unheard = Serializer.moshi.adapter(OrderEvent::class.java).fromJson(UNHEARD)
    check(unheard?.newState == OrderState.unknown_default_open_api) { "$unheard is known" }
    println(buy(edge, sku))
    // The client's threads would live on for a minute.
    exitProcess(0)
}

private fun buy(edge: String, sku: String): String {
    val email = "${UUID.randomUUID()}@example.com"
    val account = RegisterRequest(email, "a long enough password", "A buyer")
    ApiClient.accessToken = AuthServiceApi(edge).register(account).accessToken
    find(CatalogServiceApi(edge), sku)

    val orders = OrdersServiceApi(edge)
    val shipTo = AddressInput("A buyer", listOf("1 Quay Street"), "Bristol", "GB")
    val request = CreateOrderRequest(listOf(CreateOrderItem(sku, 1)), shipTo, paymentToken = "tok_ok")
    // Sent again with the same key, it is the same order.
    val key = "${UUID.randomUUID()}"
    val order = orders.createOrder(request, key).orderId
    val again = orders.createOrder(request, key).orderId
    check(again == order) { "the same order again: $again instead of $order" }
    val shipment = shipment(ShippingServiceApi(edge), order)

    val id = UUID.fromString(order)
    val total = orders.getOrder(id).total.units
    val states = orders.listOrderEvents(id).events.joinToString(",") { "\"${it.newState}\"" }
    val refusal = refusal(orders)
    return """{"order":"$order","shipment":"$shipment","total":"$total","states":[$states],"refusal":"$refusal"}"""
}

/** Goes through the pages of the catalogue until it sees the product. */
private fun find(catalog: CatalogServiceApi, sku: String) {
    var page = ""
    do {
        val reply = catalog.listProducts(pageToken = page)
        if (reply.products.any { it.sku == sku }) return
        page = reply.nextPageToken
    } while (page.isNotEmpty())
    error("$sku is not among the products")
}

private fun shipment(shipping: ShippingServiceApi, order: String): String {
    val deadline = System.nanoTime() + 60_000_000_000
    while (System.nanoTime() < deadline) {
        shipping.listShipments(orderId = order).shipments.firstOrNull()?.let { return it.shipmentId }
        Thread.sleep(50)
    }
    error("there is no shipment")
}

/** Why somebody gets no order that does not exist. */
private fun refusal(orders: OrdersServiceApi): Any? =
    try {
        orders.getOrder(NOBODYS)
    } catch (refused: ClientException) {
        val body = (refused.response as ClientError<*>).body as String
        val reply = Serializer.moshi.adapter(ErrorReply::class.java).fromJson(body)
        reply?.error?.details?.firstNotNullOfOrNull { it.reason }
    }

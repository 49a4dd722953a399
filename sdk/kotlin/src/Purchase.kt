import com.example.tradewind.auth.v1.AuthServiceGrpcKt.AuthServiceCoroutineStub
import com.example.tradewind.auth.v1.registerRequest
import com.example.tradewind.catalog.v1.CatalogServiceGrpcKt.CatalogServiceCoroutineStub
import com.example.tradewind.catalog.v1.listProductsRequest
import com.example.tradewind.orders.v1.OrdersServiceGrpcKt.OrdersServiceCoroutineStub
import com.example.tradewind.orders.v1.address
import com.example.tradewind.orders.v1.createOrderItem
import com.example.tradewind.orders.v1.createOrderRequest
import com.example.tradewind.shipping.v1.ShippingServiceGrpcKt.ShippingServiceCoroutineStub
import com.example.tradewind.shipping.v1.listShipmentsRequest
import io.grpc.ManagedChannel
import io.grpc.ManagedChannelBuilder
import io.grpc.Metadata
import java.net.URI
import java.util.UUID
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** A purchase by grpc-kotlin: PurchaseKt EDGE SKU. It prints the ids of the order and of its shipment. */
fun main(arguments: Array<String>) = runBlocking {
    val (edge, sku) = arguments
    val address = URI.create(edge)
    val channel = ManagedChannelBuilder.forAddress(address.host, address.port).usePlaintext().build()
    try {
        val (order, shipment) = withTimeout(60_000) { buy(channel, sku) }
        println("""{"order":"$order","shipment":"$shipment"}""")
    } finally {
        channel.shutdownNow()
    }
}

private suspend fun buy(channel: ManagedChannel, buying: String): Pair<String, String> {
    val account = registerRequest {
        email = "${UUID.randomUUID()}@example.com"
        password = "a long enough password"
        displayName = "A buyer"
    }
    val token = AuthServiceCoroutineStub(channel).register(account).accessToken
    find(CatalogServiceCoroutineStub(channel), buying)

    val request = createOrderRequest {
        items += createOrderItem { sku = buying; quantity = 1 }
        paymentToken = "tok_ok"
        shipTo = address { name = "A buyer"; lines += "1 Quay Street"; city = "Bristol"; country = "GB" }
    }
    // Sent again with the same key, it is the same order.
    val once = with("authorization" to "Bearer $token", "idempotency-key" to "${UUID.randomUUID()}")
    val orders = OrdersServiceCoroutineStub(channel)
    val order = orders.createOrder(request, once).order.orderId
    val again = orders.createOrder(request, once).order.orderId
    check(again == order) { "the same order again: $again instead of $order" }

    val shipping = ShippingServiceCoroutineStub(channel)
    val ofOrder = listShipmentsRequest { orderId = order }
    while (true) {
        val reply = shipping.listShipments(ofOrder, with("authorization" to "Bearer $token"))
        reply.shipmentsList.firstOrNull()?.let { return order to it.shipmentId }
        delay(50)
    }
}

/** Goes through the pages of the catalogue until it sees the product. */
private suspend fun find(catalog: CatalogServiceCoroutineStub, sku: String) {
    var page = ""
    do {
        val reply = catalog.listProducts(listProductsRequest { pageToken = page })
        if (reply.productsList.any { it.sku == sku }) return
        page = reply.nextPageToken
    } while (page.isNotEmpty())
    error("$sku is not among the products")
}

private fun with(vararg headers: Pair<String, String>) = Metadata().apply {
    for ((name, value) in headers) put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value)
}

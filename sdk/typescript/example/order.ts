import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AuthService, bearer, OrdersService, OrderState, Reason, reasonOf } from "tradewind-sdk";

/** Orders two units of a product for a new customer; the order's id, or nothing if it is sold out. */
export async function order(edge: string, email: string, sku: string): Promise<string | undefined> {
  let token: string | undefined;
  const transport = createConnectTransport({
    baseUrl: edge,
    useHttpGet: true, // for methods that are safe, so that they can be cached
    interceptors: [bearer(() => token)],
  });
  const auth = createClient(AuthService, transport);
  const orders = createClient(OrdersService, transport);

  const account = { email, password: "correct horse", displayName: "Ada" };
  token = (await auth.register(account)).accessToken;
  const watching = new AbortController(); // leaving the loop does not end the stream
  const { signal } = watching;
  const shipTo = { name: "Ada", lines: ["12 Harbour Street"], city: "Bristol", country: "GB" };
  try {
    const { order } = await orders.createOrder({ items: [{ sku, quantity: 2 }], shipTo, paymentToken: "tok_ok" });
    for await (const { event } of orders.watchOrder({ orderId: order?.orderId }, { signal })) {
      if (event?.newState === OrderState.CONFIRMED) return event.orderId;
    }
  } catch (error) {
    if (reasonOf(error) !== Reason.INSUFFICIENT_STOCK) throw error;
  } finally {
    watching.abort();
  }
  return undefined;
}

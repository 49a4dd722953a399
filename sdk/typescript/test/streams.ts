import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AuthService, bearer, OrdersService } from "tradewind-sdk";
import { expect, type Shop } from "./purchase.js";

/** A new customer's calls. */
async function customer(shop: Shop) {
  let token: string | undefined;
  const interceptors = [bearer(() => token)];
  const transport = createConnectTransport({ baseUrl: shop.edge, interceptors });
  const auth = createClient(AuthService, transport);
  const email = `${crypto.randomUUID()}@example.com`;
  const account = { email, password: "a long enough password", displayName: "A buyer" };
  token = (await auth.register(account)).accessToken;
  return { auth, orders: createClient(OrdersService, transport) };
}

const SHIP_TO = { name: "A buyer", lines: ["1 Quay Street"], city: "Bristol", country: "GB" };

/** Watches an order by server-sent events, which carry no token but a ticket. */
export async function events(shop: Shop & { sku: string }): Promise<{ states: string[] }> {
  const { auth, orders } = await customer(shop);
  const items = [{ sku: shop.sku, quantity: 1 }];
  const { order } = await orders.createOrder({ items, shipTo: SHIP_TO });
  const orderId = order?.orderId ?? "";
  const path = `/v1/orders/${orderId}:watch`;
  const { ticket } = await auth.createTicket({ path });

  const source = new EventSource(`${shop.edge}${path}?ticket=${ticket}`);
  const states: string[] = [];
  const ids: string[] = [];
  await new Promise<void>((done, fail) => {
    source.onerror = () => fail(new Error(`the stream broke after ${states}`));
    source.onmessage = ({ data, lastEventId }) => {
      const { newState } = JSON.parse(data) as { newState: string };
      states.push(newState);
      ids.push(lastEventId);
      if (newState === "ORDER_STATE_CONFIRMED") {
        orders.cancelOrder({ orderId }).catch(fail);
      }
      if (newState === "ORDER_STATE_CANCELLED") done();
    };
  }).finally(() => source.close());
  expect(ids, ["1", "2", "3", "4"], "ids");
  return { states };
}

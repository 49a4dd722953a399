// Streams that a browser opens by itself, without a client: they carry no token, but a ticket.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { AuthService, bearer, OrdersService } from "tradewind-sdk";
import { expect, type Shop } from "./purchase.js";

/** A shop, and a product that it has. */
export type Stocked = Shop & { sku: string };

const SHIP_TO = { name: "A buyer", lines: ["1 Quay Street"], city: "Bristol", country: "GB" };

/** An order of a new customer, who cancels it when it is seen to be confirmed. */
async function ordered(shop: Stocked) {
  let token: string | undefined;
  const interceptors = [bearer(() => token)];
  const transport = createConnectTransport({ baseUrl: shop.edge, interceptors });
  const auth = createClient(AuthService, transport);
  const email = `${crypto.randomUUID()}@example.com`;
  const account = { email, password: "a long enough password", displayName: "A buyer" };
  token = (await auth.register(account)).accessToken;

  const orders = createClient(OrdersService, transport);
  const items = [{ sku: shop.sku, quantity: 1 }];
  const { order } = await orders.createOrder({ items, shipTo: SHIP_TO, paymentToken: "tok_ok" });
  const orderId = order?.orderId ?? "";
  const states: string[] = [];
  return {
    states,
    path: `/v1/orders/${orderId}:watch`,
    /** The path with a ticket for it. */
    async admitted(path: string): Promise<string> {
      const { ticket } = await auth.createTicket({ path });
      return `${path}?ticket=${ticket}`;
    },
    /** A message came, of which this is the JSON; whether it was the last. */
    saw(json: string): boolean {
      const { newState } = JSON.parse(json) as { newState: string };
      states.push(newState);
      if (newState === "ORDER_STATE_CONFIRMED") void orders.cancelOrder({ orderId });
      return newState === "ORDER_STATE_CANCELLED";
    },
  };
}

/** Watches an order by server-sent events. */
export async function events(shop: Stocked): Promise<{ states: string[] }> {
  const order = await ordered(shop);
  const source = new EventSource(shop.edge + (await order.admitted(order.path)));
  const ids: string[] = [];
  await new Promise<void>((done, fail) => {
    source.onerror = () => fail(new Error(`the stream broke after ${order.states}`));
    source.onmessage = ({ data, lastEventId }) => {
      ids.push(lastEventId);
      if (order.saw(data)) done();
    };
  }).finally(() => source.close());
  expect(ids, ["1", "2", "3", "4"], "ids");
  return { states: order.states };
}

/** Watches an order over a WebSocket. */
export async function sockets(shop: Stocked): Promise<{ states: string[] }> {
  const order = await ordered(shop);
  const url = shop.edge.replace(/^http/, "ws");
  const end = (socket: WebSocket) => new Promise<CloseEvent>((done) => (socket.onclose = done));

  const path = await order.admitted(order.path);
  const socket = new WebSocket(url + path, "json");
  socket.onmessage = ({ data }) => order.saw(data);
  const ended = await end(socket);
  expect([ended.wasClean, ended.code, socket.protocol], [true, 1000, "json"], "end");

  const again = await end(new WebSocket(url + path));
  expect([again.wasClean, again.code], [false, 1006], "the end of who has a used ticket");
  const unknown = await order.admitted(`/v1/orders/${crypto.randomUUID()}:watch`);
  const refused = await end(new WebSocket(url + unknown));
  const [reason] = refused.reason.split(":");
  expect([refused.code, reason], [4005, "RESOURCE_NOT_FOUND"], "the end of who watches nothing");
  return { states: order.states };
}

import { createClient } from "../gen/hey-api/client/index.js";
import {
  createOrder,
  listProducts,
  listShipments,
  register,
  watchOrder,
} from "../gen/hey-api/index.js";
import { PASSWORD, SHIP_TO, type Shop } from "./shop.js";

export function heyApi(edge: string): Shop {
  const client = createClient({ baseUrl: edge });
  const as = (token: string) => ({ client, auth: token, throwOnError: true }) as const;
  return {
    async register(email) {
      const body = { email, password: PASSWORD, displayName: "A buyer" };
      return (await register({ client, body, throwOnError: true })).data.accessToken;
    },
    async products(pageToken) {
      const page = await listProducts({ client, query: { pageToken }, throwOnError: true });
      return [page.data.products.map((product) => product.sku), page.data.nextPageToken];
    },
    async order(token, key, sku) {
      const headers = { "Idempotency-Key": key };
      const body = { items: [{ sku, quantity: 1 }], shipTo: SHIP_TO, paymentToken: "tok_ok" };
      return (await createOrder({ ...as(token), headers, body })).data.orderId;
    },
    async states(token, orderId) {
      const states: string[] = [];
      const { stream } = await watchOrder({ ...as(token), path: { orderId } });
      for await (const event of stream) {
        states.push(event.newState);
        if (event.newState === "ORDER_STATE_CONFIRMED") break;
      }
      return states;
    },
    async shipment(token, orderId) {
      const found = await listShipments({ ...as(token), query: { orderId } });
      return found.data.shipments[0]?.shipmentId;
    },
  };
}

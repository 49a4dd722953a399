import createClient from "openapi-fetch";
import type { components, paths } from "../gen/schema.js";
import { PASSWORD, SHIP_TO, type Shop } from "./shop.js";

type Outcome<T> = { data?: T; error?: components["schemas"]["ErrorReply"] };

/** What came, or the error that came instead. */
function reply<T>({ data, error }: Outcome<T>): T {
  if (data === undefined) throw new Error(`${error?.error.status}: ${error?.error.message}`);
  return data;
}

export function openapiFetch(edge: string): Shop {
  const client = createClient<paths>({ baseUrl: edge });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  return {
    async register(email) {
      const body = { email, password: PASSWORD, displayName: "A buyer" };
      return reply(await client.POST("/v1/auth/register", { body })).accessToken;
    },
    async products(pageToken) {
      const page = reply(await client.GET("/v1/products", { params: { query: { pageToken } } }));
      return [page.products.map((product) => product.sku), page.nextPageToken];
    },
    async order(token, key, sku) {
      const order = await client.POST("/v1/orders", {
        headers: as(token),
        params: { header: { "Idempotency-Key": key } },
        body: { items: [{ sku, quantity: 1 }], shipTo: SHIP_TO, paymentToken: "tok_ok" },
      });
      return reply(order).orderId;
    },
    async shipment(token, orderId) {
      const params = { query: { orderId } };
      const found = reply(await client.GET("/v1/shipments", { headers: as(token), params }));
      return found.shipments[0]?.shipmentId;
    },
  };
}

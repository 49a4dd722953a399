import {
  AuthServiceApi,
  CatalogServiceApi,
  Configuration,
  ErrorReplyFromJSON,
  instanceOfOrderState,
  OrderEventFromJSON,
  OrdersServiceApi,
  ResponseError,
  ShippingServiceApi,
} from "../gen/openapi-generator/index.js";
import { PASSWORD, SHIP_TO, type Shop } from "./shop.js";

/** The id of an order that does not exist. */
const NOBODYS = "00000000-0000-7000-8000-000000000000";

/** An event as a later version may tell it: with a state and a field that this one does not know. */
const UNHEARD = {
  sequence: "1",
  orderId: NOBODYS,
  oldState: "ORDER_STATE_PENDING",
  newState: "ORDER_STATE_LOST",
  actor: "",
  reason: "",
  createTime: "2026-01-02T03:04:05.6Z",
  weather: { sky: "grey" },
};

export function openapiGenerator(edge: string): Shop {
  if (instanceOfOrderState(OrderEventFromJSON(UNHEARD).newState)) throw new Error("it is known");
  const as = (accessToken?: string) => new Configuration({ basePath: edge, accessToken });
  return {
    async register(email) {
      const registerRequest = { email, password: PASSWORD, displayName: "A buyer" };
      return (await new AuthServiceApi(as()).register({ registerRequest })).accessToken;
    },
    async products(pageToken) {
      const page = await new CatalogServiceApi(as()).listProducts({ pageToken });
      return [page.products.map((product) => product.sku), page.nextPageToken];
    },
    async order(token, idempotencyKey, sku) {
      const createOrderRequest = { items: [{ sku, quantity: 1 }], shipTo: SHIP_TO, paymentToken: "tok_ok" };
      const orders = new OrdersServiceApi(as(token));
      return (await orders.createOrder({ createOrderRequest, idempotencyKey })).orderId;
    },
    async states(token, orderId) {
      const { events } = await new OrdersServiceApi(as(token)).listOrderEvents({ orderId });
      return events.map((event) => event.newState);
    },
    async total(token, orderId) {
      return (await new OrdersServiceApi(as(token)).getOrder({ orderId })).total.units;
    },
    async refusal(token) {
      try {
        await new OrdersServiceApi(as(token)).getOrder({ orderId: NOBODYS });
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        const reply = ErrorReplyFromJSON(await error.response.json());
        return reply.error.details.find((detail) => detail.reason)?.reason;
      }
      return undefined;
    },
    async shipment(token, orderId) {
      const found = await new ShippingServiceApi(as(token)).listShipments({ orderId });
      return found.shipments[0]?.shipmentId;
    },
  };
}

import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { BadRequestSchema } from "../gen/google/rpc/error_details_pb.js";
import {
  AuthService,
  CatalogService,
  InventoryService,
  OrdersService,
  OrderState,
  Reason,
  reasonOf,
} from "tradewind-sdk";

/** Where a shop is, and whose it is. */
export interface Shop {
  edge: string;
  email: string;
  password: string;
}

/** What was bought, for others to look at. */
export interface Purchase {
  sku: string;
  confirmed: string;
  cancelled: string;
}

const PASSWORD = "a long enough password";
const SHIP_TO = { name: "A buyer", lines: ["1 Quay Street"], city: "Bristol", country: "GB" };

/** Fails with what was expected, unless it is so. */
export function expect(actual: unknown, expected: unknown, what: string): void {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, part) => (typeof part === "bigint" ? String(part) : part));
  if (text(actual) !== text(expected)) {
    throw new Error(`${what}: ${text(actual)} instead of ${text(expected)}`);
  }
}

/** Waits for a refusal, and checks its reason. */
async function refused(call: Promise<unknown>, code: Code, reason: Reason): Promise<ConnectError> {
  const error = await call.then(
    () => {
      throw new Error(`${Reason[reason]}: the call was not refused`);
    },
    (error: unknown) => ConnectError.from(error),
  );
  expect([error.message, error.code, reasonOf(error)], [error.message, code, reason], "refusal");
  return error;
}

/** Watches an order until it has this state; the states that came by. */
async function statesUntil(
  last: OrderState,
  orders: Client<typeof OrdersService>,
  orderId: string,
  seen: (state: OrderState) => void = () => {},
): Promise<string[]> {
  const states: string[] = [];
  const watching = new AbortController();
  const { signal } = watching;
  try {
    for await (const { event } of orders.watchOrder({ orderId }, { signal })) {
      const state = event?.newState ?? OrderState.UNSPECIFIED;
      states.push(OrderState[state]);
      seen(state);
      if (state === last) return states;
    }
  } finally {
    watching.abort();
  }
  throw new Error(`the stream ended after ${states}`);
}

/** Does all that a shop is for, over transports that act as whoever has a token. */
export async function purchase(shop: Shop, over: (token?: string) => Transport): Promise<Purchase> {
  const unique = crypto.randomUUID();
  const auth = createClient(AuthService, over());

  // An administrator has something to sell.
  const admin = await auth.login({ email: shop.email, password: shop.password });
  const sku = `SDK ${unique}`;
  const price = { currencyCode: "GBP", units: 12n, nanos: 500_000_000 };
  const product = { sku, title: `A lamp ${unique}`, price };
  const catalog = createClient(CatalogService, over(admin.accessToken));
  await catalog.createProduct({ product });
  const adjustment = { sku, delta: 5n, reason: "delivery" };
  const inventory = createClient(InventoryService, over(admin.accessToken));
  const { stockItem } = await inventory.adjustStock(adjustment);
  expect(stockItem?.onHand, 5n, "stock on hand");

  // Somebody comes, and finds it.
  const email = `${unique}@example.com`;
  await auth.register({ email, password: PASSWORD, displayName: "A buyer – 買い手" });
  const { accessToken } = await auth.login({ email, password: PASSWORD });
  const anybody = createClient(CatalogService, over());
  const { products } = await anybody.searchProducts({ query: unique });
  expect(products.map((product) => product.sku), [sku], "found");

  // An order goes its way, and a stream tells of it.
  const orders = createClient(OrdersService, over(accessToken));
  const items = [{ sku, quantity: 2 }];
  const { order } = await orders.createOrder({ items, shipTo: SHIP_TO, paymentToken: "tok_ok" });
  const confirmed = order?.orderId ?? "";
  expect([order?.total?.units, order?.state], [25n, OrderState.CONFIRMED], "order");
  const past = await statesUntil(OrderState.CONFIRMED, orders, confirmed);
  expect(past, ["PENDING", "CONFIRMED"], "events");

  // Another one is cancelled while somebody watches.
  const second = await orders.createOrder({ items, shipTo: SHIP_TO, paymentToken: "tok_ok" });
  const cancelled = second.order?.orderId ?? "";
  let cancelling: Promise<unknown> | undefined;
  const watched = await statesUntil(OrderState.CANCELLED, orders, cancelled, (state) => {
    if (state === OrderState.CONFIRMED) {
      cancelling = orders.cancelOrder({ orderId: cancelled, reason: "a change of mind" });
    }
  });
  expect(watched, ["PENDING", "CONFIRMED", "CANCELLING", "CANCELLED"], "events");
  await cancelling;
  const { order: looked } = await orders.getOrder({ orderId: cancelled });
  expect(looked?.state, OrderState.CANCELLED, "state");

  // What cannot be done says why.
  const { PermissionDenied, InvalidArgument, NotFound, Unauthenticated } = Code;
  const tooMuch = orders.createOrder({ items: [{ sku, quantity: 9 }], shipTo: SHIP_TO, paymentToken: "tok_ok" });
  await refused(tooMuch, Code.FailedPrecondition, Reason.INSUFFICIENT_STOCK);
  const nothing = orders.createOrder({ items: [{ sku, quantity: 0 }], shipTo: SHIP_TO, paymentToken: "tok_ok" });
  const invalid = await refused(nothing, InvalidArgument, Reason.INVALID_FIELD);
  const fields = invalid.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations);
  expect(fields.map((violation) => violation.field), ["items[0].quantity"], "fields");
  await refused(orders.getOrder({ orderId: unique }), NotFound, Reason.RESOURCE_NOT_FOUND);
  const buyer = createClient(InventoryService, over(accessToken));
  await refused(buyer.adjustStock(adjustment), PermissionDenied, Reason.ACCESS_DENIED);
  const nobody = createClient(OrdersService, over());
  await refused(nobody.listOrders({}), Unauthenticated, Reason.TOKEN_MISSING);
  const unheard = statesUntil(OrderState.CONFIRMED, nobody, confirmed);
  await refused(unheard, Unauthenticated, Reason.TOKEN_MISSING);

  return { sku, confirmed, cancelled };
}

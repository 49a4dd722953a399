// What a page of another origin can do: `run(name, shop)`, whose outcome is then `window.outcome`.
import { createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { AuthService, bearer, OrdersService } from "tradewind-sdk";
import { createGrpcWebClient } from "./grpc-web-client.js";
import { expect, purchase, type Purchase, type Shop } from "./purchase.js";
import { events, sockets, type Stocked } from "./streams.js";

type Options = { baseUrl: string; interceptors: Interceptor[]; fetch: typeof fetch };

/** The methods of HTTP that were used. */
const used = new Set<string>();

const watched: typeof fetch = (input, init) => {
  used.add(init?.method ?? "GET");
  return fetch(input, init);
};

const PROTOCOLS: Record<string, (options: Options) => Transport> = {
  "connect-json": (options) => createConnectTransport({ ...options, useHttpGet: true }),
  "connect-binary": (options) =>
    createConnectTransport({ ...options, useBinaryFormat: true, useHttpGet: true }),
  "grpc-web": (options) => createGrpcWebTransport(options),
};

async function over(protocol: string, shop: Shop): Promise<Purchase> {
  const transport = PROTOCOLS[protocol];
  if (!transport) throw new Error(`no protocol is called ${protocol}`);
  used.clear();
  const bought = await purchase(shop, (token) =>
    transport({ baseUrl: shop.edge, interceptors: [bearer(() => token)], fetch: watched }),
  );
  const methods = protocol === "grpc-web" ? ["POST"] : ["GET", "POST"];
  expect([...used].sort(), methods, "methods");
  return bought;
}

/** The binary form of the other client, which knows unary calls alone. */
async function unary(shop: Shop): Promise<{ userId: string }> {
  const client = (token?: string) => createGrpcWebClient(shop.edge, "binary", token);
  const email = `${crypto.randomUUID()}@example.com`;
  const account = { email, password: "a long enough password", displayName: "A buyer" };
  const { userId, accessToken } = await createClient(AuthService, client()).register(account);
  const { orders } = await createClient(OrdersService, client(accessToken)).listOrders({});
  expect(orders, [], "orders");
  return { userId };
}

const RUNS: Record<string, (shop: Stocked) => Promise<unknown>> = {
  "connect-json": (shop) => over("connect-json", shop),
  "connect-binary": (shop) => over("connect-binary", shop),
  "grpc-web": (shop) => over("grpc-web", shop),
  "grpc-web-text": (shop) =>
    purchase(shop, (token) => createGrpcWebClient(shop.edge, "text", token)),
  "grpc-web-binary": unary,
  events,
  sockets,
};

Object.assign(window, {
  run(name: string, shop: Stocked): void {
    const outcome = RUNS[name]?.(shop) ?? Promise.reject(new Error(`nothing is called ${name}`));
    outcome.then(
      (done) => Object.assign(window, { outcome: { done } }),
      (error) => Object.assign(window, { outcome: { failed: String(error?.stack ?? error) } }),
    );
  },
});

// A purchase by a client that was generated from OpenAPI: node dist/src/purchase.js CLIENT EDGE SKU
// The clients are openapi-fetch, hey-api and openapi-generator. It prints the ids of the order and of its
// shipment.
import { heyApi } from "./hey-api.js";
import { openapiFetch } from "./openapi-fetch.js";
import { openapiGenerator } from "./openapi-generator.js";
import type { Shop } from "./shop.js";

/** Goes through the pages of the catalogue until it sees the product. */
async function find(shop: Shop, sku: string): Promise<void> {
  let page = "";
  do {
    const [skus, next] = await shop.products(page);
    if (skus.includes(sku)) return;
    page = next;
  } while (page);
  throw new Error(`${sku} is not among the products`);
}

const CLIENTS: Record<string, (edge: string) => Shop> = {
  "openapi-fetch": openapiFetch,
  "hey-api": heyApi,
  "openapi-generator": openapiGenerator,
};

const [name = "", edge = "", sku = ""] = process.argv.slice(2);
const shop = CLIENTS[name]?.(edge);
if (!shop) throw new Error(`no client is called ${name}`);

const token = await shop.register(`${crypto.randomUUID()}@example.com`);
await find(shop, sku);
const key = crypto.randomUUID();
const order = await shop.order(token, key, sku);
const again = await shop.order(token, key, sku);
if (again !== order) throw new Error(`the same order again: ${again} instead of ${order}`);
const states = await shop.states?.(token, order);
const total = await shop.total?.(token, order);
const refusal = await shop.refusal?.(token);
let shipment: string | undefined;
const deadline = Date.now() + 60_000;
while (!(shipment = await shop.shipment(token, order))) {
  if (Date.now() > deadline) throw new Error("there is no shipment");
  await new Promise((resolve) => setTimeout(resolve, 50));
}
console.log(JSON.stringify({ order, shipment, states, total, refusal }));
// A stream that was left is still open.
process.exit();

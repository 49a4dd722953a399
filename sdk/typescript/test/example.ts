// The example of the documentation: node dist/test/example.js EDGE EMAIL SKU
import { order } from "../example/order.js";

const [edge = "", email = "", sku = ""] = process.argv.slice(2);
console.log(JSON.stringify({ order: (await order(edge, email, sku)) ?? null }));

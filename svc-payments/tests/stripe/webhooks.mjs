// Stripe's library for Node verifies the signatures of events: webhooks.mjs EXCHANGES
// It is found where NODE_PATH says.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const Stripe = createRequire(process.env.NODE_PATH + "/")("stripe");
const stripe = new Stripe("sk_test_123");
// The tests' clocks stand where they stand.
const ANY_TIME = 1e9;

let verified = 0;
for (const line of readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  const { event, signature, secret } = JSON.parse(line);
  if (event === undefined) continue;
  stripe.webhooks.constructEvent(event, signature, secret, ANY_TIME);
  let altered = true;
  try {
    stripe.webhooks.constructEvent(event + " ", signature, secret, ANY_TIME);
  } catch {
    altered = false;
  }
  if (altered) throw new Error("an altered event is taken");
  verified += 1;
}
if (verified === 0) throw new Error("there are no events");
console.log(`stripe-shapes: ${verified} events are signed as Node's library expects`);

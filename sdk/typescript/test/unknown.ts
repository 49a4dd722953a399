// What a client makes of values that its contract does not have yet: node dist/test/unknown.js
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { GetOrderResponseSchema } from "../gen/tradewind/orders/v1/orders_pb.js";
import { OrdersService, OrderState, reasonOf } from "tradewind-sdk";
import { expect } from "./purchase.js";

/** A client of a server that answers like this. */
function answered(status: number, type: string, body: BodyInit) {
  const reply = () => new Response(body, { status, headers: { "content-type": type } });
  const useBinaryFormat = type === "application/proto";
  const fetch = () => Promise.resolve(reply());
  return createClient(
    OrdersService,
    createConnectTransport({ baseUrl: "http://localhost", useBinaryFormat, fetch }),
  );
}

// In JSON the name says nothing to it, and is left out; so are fields.
const json = { order: { orderId: "1", state: "ORDER_STATE_TELEPORTED", beam: 7 } };
const ofJson = await answered(200, "application/json", JSON.stringify(json)).getOrder({});
expect([ofJson.order?.orderId, ofJson.order?.state], ["1", OrderState.UNSPECIFIED], "JSON");

// In binary the number is kept.
const message = create(GetOrderResponseSchema, { order: { orderId: "1", state: 99 as OrderState } });
const bytes = new Uint8Array(toBinary(GetOrderResponseSchema, message));
const ofBinary = await answered(200, "application/proto", bytes).getOrder({});
expect([ofBinary.order?.orderId, ofBinary.order?.state], ["1", 99], "binary");

// A reason is none that it knows, and the error is the same.
const info = create(ErrorInfoSchema, { reason: "BEAM_LOST", domain: "tradewind" });
const value = Buffer.from(toBinary(ErrorInfoSchema, info)).toString("base64");
const refusal = {
  code: "failed_precondition",
  message: "the beam was lost",
  details: [{ type: "google.rpc.ErrorInfo", value }],
};
const refused = await answered(400, "application/json", JSON.stringify(refusal))
  .getOrder({})
  .then(
    () => undefined,
    (error: unknown) => ConnectError.from(error),
  );
expect([refused?.code, reasonOf(refused)], [Code.FailedPrecondition, undefined], "reason");
console.log("true");

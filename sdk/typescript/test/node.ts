// A purchase from Node: node dist/test/node.js PROTOCOL EDGE ADMIN_EMAIL ADMIN_PASSWORD
import type { Interceptor, Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { bearer } from "tradewind-sdk";
import { purchase } from "./purchase.js";

type Options = { baseUrl: string; interceptors: Interceptor[] };

const PROTOCOLS: Record<string, (options: Options) => Transport> = {
  "connect-json": (options) =>
    createConnectTransport({ ...options, httpVersion: "1.1", useHttpGet: true }),
  "connect-binary": (options) =>
    createConnectTransport({
      ...options,
      httpVersion: "2",
      useBinaryFormat: true,
      useHttpGet: true,
    }),
  "grpc-web": (options) => createGrpcWebTransport({ ...options, httpVersion: "1.1" }),
  grpc: (options) => createGrpcTransport(options),
};

const [protocol = "", edge = "", email = "", password = ""] = process.argv.slice(2);
const transport = PROTOCOLS[protocol];
if (!transport) throw new Error(`no protocol is called ${protocol}`);

const bought = await purchase({ edge, email, password }, (token) =>
  transport({ baseUrl: edge, interceptors: [bearer(() => token)] }),
);
console.log(JSON.stringify(bought));
// Connections are kept for calls that will not come.
process.exit();

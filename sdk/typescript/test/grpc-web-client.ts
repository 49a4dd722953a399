import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { GrpcWebClientBase, RpcError, type ClientReadableStream, type Metadata } from "grpc-web";
import { methodDescriptor, pathOf } from "tradewind-sdk/grpc-web";

/**
 * The client of the npm package `grpc-web` as a transport of Connect's, so that both do the same
 * purchase. `binary` can do no streams.
 */
export function createGrpcWebClient(
  edge: string,
  format: "text" | "binary",
  token?: string,
): Transport {
  const client = new GrpcWebClientBase({ format });
  const metadata: Metadata = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const nothing = { header: new Headers(), trailer: new Headers() };
  return {
    async unary(method, _signal, _timeout, _header, input) {
      const request = create(method.input, input);
      const descriptor = methodDescriptor(method);
      const url = edge + pathOf(method);
      const message = await client
        .unaryCall(url, request, metadata, descriptor)
        .catch((error: unknown) => {
          throw explained(error);
        });
      return { ...nothing, stream: false, service: method.parent, method, message };
    },
    async stream(method, signal, _timeout, _header, input) {
      for await (const one of input) {
        const request = create(method.input, one);
        const url = edge + pathOf(method);
        const replies = client.serverStreaming(url, request, metadata, methodDescriptor(method));
        signal?.addEventListener("abort", () => replies.cancel());
        const message = messages<typeof method.output>(replies);
        return { ...nothing, stream: true, service: method.parent, method, message };
      }
      throw new Error("there is no request");
    },
  };
}

function messages<O extends DescMessage>(
  replies: ClientReadableStream<MessageShape<O>>,
): AsyncIterable<MessageShape<O>> {
  let ended = false;
  return new ReadableStream({
    start(controller) {
      replies.on("data", (message) => controller.enqueue(message));
      replies.on("error", (error) => {
        if (!ended) controller.error(explained(error));
        ended = true;
      });
      replies.on("end", () => {
        if (!ended) controller.close();
        ended = true;
      });
    },
  });
}

/** The refusal with its details, which are among the trailers. */
function explained(error: unknown): ConnectError {
  if (!(error instanceof RpcError)) return ConnectError.from(error);
  const trailers = new Headers({ ...error.metadata, "grpc-status": String(error.code) });
  trailers.set("grpc-message", encodeURIComponent(error.message));
  return findTrailerError(trailers) ?? ConnectError.from(error);
}

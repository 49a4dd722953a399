import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, DescMethod, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { MethodDescriptor } from "grpc-web";

/** A method with its types, such as `OrdersService.method.getOrder`. */
type Method<I extends DescMessage, O extends DescMessage> = DescMethod & { input: I; output: O };

/** The path of a method under the address of the edge. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/**
 * A method as the client of the npm package `grpc-web` takes it, without its code generator: messages
 * are those of `gen/`. That client has no streams of requests.
 */
export function methodDescriptor<I extends DescMessage, O extends DescMessage>(
  method: Method<I, O>,
): MethodDescriptor<MessageInitShape<I>, MessageShape<O>> {
  const { input, output } = method;
  // It only passes the constructors on to whoever asks for them.
  const nobody = Object as unknown as new (...args: unknown[]) => never;
  return new MethodDescriptor(
    pathOf(method),
    method.methodKind === "unary" ? "unary" : "server_streaming",
    nobody,
    nobody,
    (request: MessageInitShape<I>) => toBinary(input, create(input, request)),
    (bytes: Uint8Array) => fromBinary(output, bytes),
  );
}

import { ConnectError, type Interceptor } from "@connectrpc/connect";
import { Reason } from "../gen/tradewind/errors/v1/reason_pb.js";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";

export { AccessTokensService } from "../gen/tradewind/auth/v1/access_tokens_pb.js";
export { AuthService } from "../gen/tradewind/auth/v1/auth_pb.js";
export { ExternalIdentitiesService } from "../gen/tradewind/auth/v1/external_identities_pb.js";
export { SecondFactorService } from "../gen/tradewind/auth/v1/second_factor_pb.js";
export { CatalogService } from "../gen/tradewind/catalog/v1/catalog_pb.js";
export { InventoryService } from "../gen/tradewind/inventory/v1/inventory_pb.js";
export { OrdersService, OrderState } from "../gen/tradewind/orders/v1/orders_pb.js";
export { ShippingService } from "../gen/tradewind/shipping/v1/shipping_pb.js";
export { UsersService } from "../gen/tradewind/users/v1/users_pb.js";
export { Reason };

/** The domain of Tradewind's own reasons (google.rpc.ErrorInfo). */
const DOMAIN = "tradewind";

/** Sends the access token that `token` returns at the time of each call; nothing, if there is none. */
export function bearer(token: () => string | undefined): Interceptor {
  return (next) => (request) => {
    const now = token();
    if (now !== undefined) request.header.set("authorization", `Bearer ${now}`);
    return next(request);
  };
}

/**
 * Why Tradewind refused a call. `undefined` for what is no refusal of its: a connection that broke, a
 * call that was given up here, a reason that this version does not know.
 */
export function reasonOf(error: unknown): Reason | undefined {
  const info = ConnectError.from(error)
    .findDetails(ErrorInfoSchema)
    .find((info) => info.domain === DOMAIN);
  return info && Reason[info.reason as keyof typeof Reason];
}

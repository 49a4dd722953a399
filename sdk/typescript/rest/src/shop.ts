/** What a purchase needs; what a call returns is what matters of its reply. */
export interface Shop {
  /** Opens an account; its access token. */
  register(email: string): Promise<string>;
  /** The SKUs of a page, and the token of the next one. */
  products(pageToken: string): Promise<[string[], string]>;
  /** Places an order, once for each key; its id. */
  order(token: string, key: string, sku: string): Promise<string>;
  /** The states that an order goes through until it is confirmed. */
  states?(token: string, orderId: string): Promise<string[]>;
  /** Units of the order's total. */
  total?(token: string, orderId: string): Promise<string>;
  /** Why somebody gets no order that does not exist. */
  refusal?(token: string): Promise<string | undefined>;
  /** The id of an order's shipment, if there is one. */
  shipment(token: string, orderId: string): Promise<string | undefined>;
}

export const PASSWORD = "a long enough password";
export const SHIP_TO = { name: "A buyer", lines: ["1 Quay Street"], city: "Bristol", country: "GB" };

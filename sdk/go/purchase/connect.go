package main

import (
	"context"
	"net/http"

	"connectrpc.com/connect"

	authv1 "example.com/shop/gen/tradewind/auth/v1"
	"example.com/shop/gen/tradewind/auth/v1/authv1connect"
	catalogv1 "example.com/shop/gen/tradewind/catalog/v1"
	"example.com/shop/gen/tradewind/catalog/v1/catalogv1connect"
	ordersv1 "example.com/shop/gen/tradewind/orders/v1"
	"example.com/shop/gen/tradewind/orders/v1/ordersv1connect"
	shippingv1 "example.com/shop/gen/tradewind/shipping/v1"
	"example.com/shop/gen/tradewind/shipping/v1/shippingv1connect"
)

type connectShop struct {
	auth     authv1connect.AuthServiceClient
	catalog  catalogv1connect.CatalogServiceClient
	orders   ordersv1connect.OrdersServiceClient
	shipping shippingv1connect.ShippingServiceClient
}

func newConnect(protocol, edge string) (shop, error) {
	// gRPC is HTTP/2 alone, also without TLS.
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	options := connect.WithClientOptions(connect.WithHTTPGet())
	switch protocol {
	case "grpc":
		options = connect.WithGRPC()
	case "grpc-web":
		options = connect.WithGRPCWeb()
	}
	return connectShop{
		authv1connect.NewAuthServiceClient(client, edge, options),
		catalogv1connect.NewCatalogServiceClient(client, edge, options),
		ordersv1connect.NewOrdersServiceClient(client, edge, options),
		shippingv1connect.NewShippingServiceClient(client, edge, options),
	}, nil
}

func with(ctx context.Context, headers ...string) context.Context {
	ctx, call := connect.NewClientContext(ctx)
	for at := 0; at < len(headers); at += 2 {
		call.RequestHeader().Set(headers[at], headers[at+1])
	}
	return ctx
}

func (s connectShop) register(ctx context.Context, email string) (string, error) {
	account := &authv1.RegisterRequest{Email: email, Password: password, DisplayName: "A buyer"}
	session, err := s.auth.Register(ctx, account)
	return session.GetAccessToken(), err
}

func (s connectShop) products(ctx context.Context, page string) ([]string, string, error) {
	reply, err := s.catalog.ListProducts(ctx, &catalogv1.ListProductsRequest{PageToken: page})
	return skus(reply), reply.GetNextPageToken(), err
}

func (s connectShop) order(ctx context.Context, token, key, sku string) (string, error) {
	ctx = with(ctx, "authorization", "Bearer "+token, "idempotency-key", key)
	reply, err := s.orders.CreateOrder(ctx, orderOf(sku))
	return reply.GetOrder().GetOrderId(), err
}

func (s connectShop) shipment(ctx context.Context, token, order string) (string, error) {
	ctx = with(ctx, "authorization", "Bearer "+token)
	reply, err := s.shipping.ListShipments(ctx, &shippingv1.ListShipmentsRequest{OrderId: order})
	return first(reply), err
}

func skus(page *catalogv1.ListProductsResponse) (skus []string) {
	for _, product := range page.GetProducts() {
		skus = append(skus, product.GetSku())
	}
	return skus
}

func orderOf(sku string) *ordersv1.CreateOrderRequest {
	return &ordersv1.CreateOrderRequest{
		Items: []*ordersv1.CreateOrderItem{{Sku: sku, Quantity: 1}},
		ShipTo: &ordersv1.Address{
			Name: "A buyer", Lines: []string{"1 Quay Street"}, City: "Bristol", Country: "GB",
		},
		PaymentToken: "tok_ok",
	}
}

func first(reply *shippingv1.ListShipmentsResponse) string {
	for _, shipment := range reply.GetShipments() {
		return shipment.GetShipmentId()
	}
	return ""
}

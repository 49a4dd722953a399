package main

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	authv1 "example.com/shop/gen/tradewind/auth/v1"
	catalogv1 "example.com/shop/gen/tradewind/catalog/v1"
	ordersv1 "example.com/shop/gen/tradewind/orders/v1"
	shippingv1 "example.com/shop/gen/tradewind/shipping/v1"
)

type grpcShop struct {
	auth     authv1.AuthServiceClient
	catalog  catalogv1.CatalogServiceClient
	orders   ordersv1.OrdersServiceClient
	shipping shippingv1.ShippingServiceClient
}

func newGRPC(edge string) (shop, error) {
	connection, err := grpc.NewClient(
		strings.TrimPrefix(edge, "http://"),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	return grpcShop{
		authv1.NewAuthServiceClient(connection),
		catalogv1.NewCatalogServiceClient(connection),
		ordersv1.NewOrdersServiceClient(connection),
		shippingv1.NewShippingServiceClient(connection),
	}, err
}

func (s grpcShop) register(ctx context.Context, email string) (string, error) {
	account := &authv1.RegisterRequest{Email: email, Password: password, DisplayName: "A buyer"}
	session, err := s.auth.Register(ctx, account)
	return session.GetAccessToken(), err
}

func (s grpcShop) products(ctx context.Context, page string) ([]string, string, error) {
	reply, err := s.catalog.ListProducts(ctx, &catalogv1.ListProductsRequest{PageToken: page})
	return skus(reply), reply.GetNextPageToken(), err
}

func (s grpcShop) order(ctx context.Context, token, key, sku string) (string, error) {
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token, "idempotency-key", key)
	reply, err := s.orders.CreateOrder(ctx, orderOf(sku))
	return reply.GetOrder().GetOrderId(), err
}

func (s grpcShop) shipment(ctx context.Context, token, order string) (string, error) {
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	reply, err := s.shipping.ListShipments(ctx, &shippingv1.ListShipmentsRequest{OrderId: order})
	return first(reply), err
}

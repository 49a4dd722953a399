package main

import (
	"context"
	"fmt"
	"net/http"

	"example.com/shop/gen/rest"
)

type restShop struct {
	client *rest.ClientWithResponses
}

func newREST(edge string) (shop, error) {
	client, err := rest.NewClientWithResponses(edge)
	return restShop{client}, err
}

func bearer(token string) rest.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		request.Header.Set("authorization", "Bearer "+token)
		return nil
	}
}

// refused says what came instead of a reply.
func refused(status string, body []byte) error {
	return fmt.Errorf("%s: %s", status, body)
}

func (s restShop) register(ctx context.Context, email string) (string, error) {
	account := rest.RegisterRequest{Email: email, Password: password, DisplayName: "A buyer"}
	reply, err := s.client.RegisterWithResponse(ctx, account)
	if err != nil {
		return "", err
	}
	if reply.JSON201 == nil {
		return "", refused(reply.Status(), reply.Body)
	}
	return reply.JSON201.AccessToken, nil
}

func (s restShop) products(ctx context.Context, page string) (skus []string, next string, err error) {
	reply, err := s.client.ListProductsWithResponse(ctx, &rest.ListProductsParams{PageToken: &page})
	if err != nil {
		return nil, "", err
	}
	if reply.JSON200 == nil {
		return nil, "", refused(reply.Status(), reply.Body)
	}
	for _, product := range reply.JSON200.Products {
		skus = append(skus, product.Sku)
	}
	return skus, reply.JSON200.NextPageToken, nil
}

func (s restShop) order(ctx context.Context, token, key, sku string) (string, error) {
	paymentToken := "tok_ok"
	reply, err := s.client.CreateOrderWithResponse(
		ctx,
		&rest.CreateOrderParams{IdempotencyKey: &key},
		rest.CreateOrderRequest{
			Items: []rest.CreateOrderItem{{Sku: sku, Quantity: 1}},
			ShipTo: rest.AddressInput{
				Name: "A buyer", Lines: []string{"1 Quay Street"}, City: "Bristol", Country: "GB",
			},
			PaymentToken: &paymentToken,
		},
		bearer(token),
	)
	if err != nil {
		return "", err
	}
	if reply.JSON201 == nil {
		return "", refused(reply.Status(), reply.Body)
	}
	return reply.JSON201.OrderId, nil
}

func (s restShop) shipment(ctx context.Context, token, order string) (string, error) {
	params := &rest.ListShipmentsParams{OrderId: &order}
	reply, err := s.client.ListShipmentsWithResponse(ctx, params, bearer(token))
	if err != nil {
		return "", err
	}
	if reply.JSON200 == nil {
		return "", refused(reply.Status(), reply.Body)
	}
	for _, shipment := range reply.JSON200.Shipments {
		return shipment.ShipmentId, nil
	}
	return "", nil
}

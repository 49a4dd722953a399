package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"example.com/shop/gen/openapi"
)

// nobodys is the id of an order that does not exist.
const nobodys = "00000000-0000-7000-8000-000000000000"

// unheard is an event as a later version may tell it: with a state and a field that this one does not know.
const unheard = `{
	"sequence": "1", "orderId": "` + nobodys + `", "oldState": "ORDER_STATE_PENDING",
	"newState": "ORDER_STATE_LOST", "actor": "", "reason": "", "createTime": "2026-01-02T03:04:05.6Z",
	"weather": {"sky": "grey"}
}`

type generatedShop struct {
	client *openapi.APIClient
}

func newGenerated(edge string) (shop, error) {
	var event openapi.OrderEvent
	if err := json.Unmarshal([]byte(unheard), &event); err != nil {
		return nil, fmt.Errorf("an event with something new: %w", err)
	}
	if event.NewState != openapi.ORDERSTATE_UNKNOWN_DEFAULT_OPEN_API {
		return nil, fmt.Errorf("%s is known", event.NewState)
	}
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: edge}}
	return generatedShop{openapi.NewAPIClient(configuration)}, nil
}

func as(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, openapi.ContextAccessToken, token)
}

func (s generatedShop) register(ctx context.Context, email string) (string, error) {
	account := openapi.NewRegisterRequest(email, password, "A buyer")
	reply, _, err := s.client.AuthServiceAPI.Register(ctx).RegisterRequest(*account).Execute()
	if err != nil {
		return "", err
	}
	return reply.AccessToken, nil
}

func (s generatedShop) products(ctx context.Context, page string) (skus []string, next string, err error) {
	reply, _, err := s.client.CatalogServiceAPI.ListProducts(ctx).PageToken(page).Execute()
	if err != nil {
		return nil, "", err
	}
	for _, product := range reply.Products {
		skus = append(skus, product.Sku)
	}
	return skus, reply.NextPageToken, nil
}

func (s generatedShop) order(ctx context.Context, token, key, sku string) (string, error) {
	order := openapi.NewCreateOrderRequest(
		[]openapi.CreateOrderItem{*openapi.NewCreateOrderItem(sku, 1)},
		*openapi.NewAddressInput("A buyer", []string{"1 Quay Street"}, "Bristol", "GB"),
	)
	order.SetPaymentToken("tok_ok")
	call := s.client.OrdersServiceAPI.CreateOrder(as(ctx, token)).CreateOrderRequest(*order)
	reply, _, err := call.IdempotencyKey(key).Execute()
	if err != nil {
		return "", err
	}
	return reply.OrderId, nil
}

func (s generatedShop) shipment(ctx context.Context, token, order string) (string, error) {
	reply, _, err := s.client.ShippingServiceAPI.ListShipments(as(ctx, token)).OrderId(order).Execute()
	if err != nil {
		return "", err
	}
	for _, shipment := range reply.Shipments {
		return shipment.ShipmentId, nil
	}
	return "", nil
}

func (s generatedShop) tell(ctx context.Context, token, id string, bought *bought) error {
	order, _, err := s.client.OrdersServiceAPI.GetOrder(as(ctx, token), id).Execute()
	if err != nil {
		return err
	}
	bought.Total = order.Total.Units
	events, _, err := s.client.OrdersServiceAPI.ListOrderEvents(as(ctx, token), id).Execute()
	if err != nil {
		return err
	}
	for _, event := range events.Events {
		bought.States = append(bought.States, string(event.NewState))
	}
	_, _, err = s.client.OrdersServiceAPI.GetOrder(as(ctx, token), nobodys).Execute()
	var refused *openapi.GenericOpenAPIError
	if !errors.As(err, &refused) {
		return fmt.Errorf("an order that does not exist: %v", err)
	}
	reply, ok := refused.Model().(openapi.ErrorReply)
	if !ok {
		return fmt.Errorf("%s: %s", err, refused.Body())
	}
	for _, detail := range reply.Error.Details {
		if detail.Reason != nil {
			bought.Refusal = string(*detail.Reason)
		}
	}
	return nil
}

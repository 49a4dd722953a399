// A purchase, over whichever protocol: purchase PROTOCOL EDGE SKU.
//
// The protocols are connect, grpc-web and grpc (by connect-go), grpc-go, and REST as rest (by
// oapi-codegen) and openapi-generator. It prints the ids of the order and of its shipment as JSON.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

const password = "a long enough password"

// A shop has what a purchase needs of the services; what a call returns is what matters of its reply.
type shop interface {
	// register opens an account and returns its access token.
	register(ctx context.Context, email string) (string, error)
	// products returns the SKUs of a page, and the token of the next one.
	products(ctx context.Context, page string) ([]string, string, error)
	// order places an order, once for each key, and returns its id.
	order(ctx context.Context, token, key, sku string) (string, error)
	// shipment returns the id of an order's shipment, or nothing.
	shipment(ctx context.Context, token, order string) (string, error)
}

// bought is what is printed.
type bought struct {
	Order    string `json:"order"`
	Shipment string `json:"shipment"`
	// Units of the order's total.
	Total string `json:"total,omitempty"`
	// The states that it went through.
	States []string `json:"states,omitempty"`
	// Why somebody gets no order that does not exist.
	Refusal string `json:"refusal,omitempty"`
}

// A teller reads more of an order's replies.
type teller interface {
	tell(ctx context.Context, token, order string, bought *bought) error
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: purchase PROTOCOL EDGE SKU"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	shop, err := open(os.Args[1], os.Args[2])
	if err != nil {
		fail(err)
	}
	bought, err := buy(ctx, shop, os.Args[3])
	if err != nil {
		fail(err)
	}
	json.NewEncoder(os.Stdout).Encode(bought)
}

func open(protocol, edge string) (shop, error) {
	switch protocol {
	case "rest":
		return newREST(edge)
	case "openapi-generator":
		return newGenerated(edge)
	case "grpc-go":
		return newGRPC(edge)
	default:
		return newConnect(protocol, edge)
	}
}

func buy(ctx context.Context, shop shop, sku string) (bought bought, err error) {
	token, err := shop.register(ctx, rand.Text()+"@example.com")
	if err != nil {
		return bought, fmt.Errorf("register: %w", err)
	}
	if err := find(ctx, shop, sku); err != nil {
		return bought, err
	}
	// Sent again with the same key, it would be the same order.
	key := rand.Text()
	if bought.Order, err = shop.order(ctx, token, key, sku); err != nil {
		return bought, fmt.Errorf("order: %w", err)
	}
	again, err := shop.order(ctx, token, key, sku)
	if err != nil || again != bought.Order {
		return bought, fmt.Errorf("the same order again: %q instead of %q, %w", again, bought.Order, err)
	}
	for bought.Shipment == "" {
		if bought.Shipment, err = shop.shipment(ctx, token, bought.Order); err != nil {
			return bought, fmt.Errorf("shipment: %w", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if teller, ok := shop.(teller); ok {
		err = teller.tell(ctx, token, bought.Order, &bought)
	}
	return bought, err
}

// find goes through the pages of the catalogue until it sees the product.
func find(ctx context.Context, shop shop, sku string) error {
	for page := ""; ; {
		skus, next, err := shop.products(ctx, page)
		if err != nil {
			return fmt.Errorf("products: %w", err)
		}
		for _, found := range skus {
			if found == sku {
				return nil
			}
		}
		if page = next; page == "" {
			return fmt.Errorf("%s is not among the products", sku)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

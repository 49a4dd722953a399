// A purchase, over whichever protocol: purchase PROTOCOL EDGE SKU.
//
// The protocols are connect, grpc-web and grpc (by connect-go), grpc-go, and rest (by oapi-codegen). It
// prints the ids of the order and of its shipment as JSON.
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
	order, shipment, err := buy(ctx, shop, os.Args[3])
	if err != nil {
		fail(err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]string{"order": order, "shipment": shipment})
}

func open(protocol, edge string) (shop, error) {
	switch protocol {
	case "rest":
		return newREST(edge)
	case "grpc-go":
		return newGRPC(edge)
	default:
		return newConnect(protocol, edge)
	}
}

func buy(ctx context.Context, shop shop, sku string) (order, shipment string, err error) {
	token, err := shop.register(ctx, rand.Text()+"@example.com")
	if err != nil {
		return "", "", fmt.Errorf("register: %w", err)
	}
	if err := find(ctx, shop, sku); err != nil {
		return "", "", err
	}
	// Sent again with the same key, it would be the same order.
	key := rand.Text()
	if order, err = shop.order(ctx, token, key, sku); err != nil {
		return "", "", fmt.Errorf("order: %w", err)
	}
	again, err := shop.order(ctx, token, key, sku)
	if err != nil || again != order {
		return "", "", fmt.Errorf("the same order again: %q instead of %q, %w", again, order, err)
	}
	for shipment == "" {
		if shipment, err = shop.shipment(ctx, token, order); err != nil {
			return "", "", fmt.Errorf("shipment: %w", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return order, shipment, nil
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

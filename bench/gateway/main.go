// A gateway generated from the contracts, as `make bench-edge` measures it: grpc-gateway's own
// multiplexer and one connection to the server of orders.
//
//	gateway LISTEN UPSTREAM
package main

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	orders "gateway/gen/tradewind/orders/v1"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: gateway LISTEN UPSTREAM")
	}
	mux := runtime.NewServeMux()
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16 << 20)),
	}
	err := orders.RegisterOrdersServiceHandlerFromEndpoint(context.Background(), mux, os.Args[2], options)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(os.Args[1], mux))
}

// Both ends of the test of the migration profiles: the server of items.proto, and grpc-gateway in
// front of it, generated and with no option set.
//
//	migration upstream LISTEN
//	migration gateway LISTEN UPSTREAM
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	items "migration/gen"
)

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "upstream":
		log.Fatal(upstream(os.Args[2]))
	case len(os.Args) == 4 && os.Args[1] == "gateway":
		log.Fatal(gateway(os.Args[2], os.Args[3]))
	default:
		log.Fatal("usage: migration upstream LISTEN | migration gateway LISTEN UPSTREAM")
	}
}

func upstream(listen string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	items.RegisterItemsServer(server, &shop{})
	items.RegisterOddServer(server, &shop{})
	items.RegisterShowcaseServer(server, &shop{})
	return server.Serve(listener)
}

func gateway(listen, upstream string) error {
	mux := runtime.NewServeMux()
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	for _, register := range []func(context.Context, *runtime.ServeMux, string, []grpc.DialOption) error{
		items.RegisterItemsHandlerFromEndpoint,
		items.RegisterOddHandlerFromEndpoint,
		items.RegisterShowcaseHandlerFromEndpoint,
	} {
		if err := register(context.Background(), mux, upstream, options); err != nil {
			return err
		}
	}
	return http.ListenAndServe(listen, mux)
}

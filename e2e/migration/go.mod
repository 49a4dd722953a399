module migration

go 1.25

require (
	github.com/grpc-ecosystem/grpc-gateway/v2 v2.31.0
	// Its newest asks for modules that the module proxy does not have.
	google.golang.org/genproto v0.0.0-20260921155816-b14227669459
)

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/cncf/xds/go/xds/service/orca/v3"
	_ "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// All cases that grpc-go's client has but those of TLS and of credentials, and pick_first_unary, which
// wants several servers.
var interopCases = []string{
	"empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
	"timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response",
	"status_code_and_message", "special_status_message", "custom_metadata", "unimplemented_method",
	"unimplemented_service", "orca_per_rpc", "orca_oob", "rpc_soak", "channel_soak",
}

// What the cases of ORCA listen to the server's load by (grpc-go, interop/interop_test.sh).
const loadBalancing = `{"loadBalancingConfig": [{"test_backend_metrics_load_balancer": {}}]}`

func interoperate(cases []string) (bool, error) {
	isWhole := len(cases) == 0
	if isWhole {
		cases = interopCases
	}
	port, stop, err := interopServers("interop")
	if err != nil {
		return false, err
	}
	defer stop()
	results := results{}
	for _, name := range cases {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		client := exec.CommandContext(ctx, "client", "-server_host", "127.0.0.1",
			"-server_port", strconv.Itoa(port), "-test_case", name, "-service_config_json", loadBalancing,
			// It is not how fast it is that is tested.
			"-soak_per_iteration_max_acceptable_latency_ms", "10000", "-soak_overall_timeout_seconds", "50")
		said, err := client.CombinedOutput()
		cancel()
		results[name] = ""
		if err != nil {
			results[name] = fmt.Sprintf("%s\n%v", strings.TrimSpace(string(said)), err)
		}
	}
	return results.judge("interop", "interop.failing", isWhole)
}

// gRPC's server, and the edge in front of it, whose port it is.
func interopServers(name string, more ...string) (int, func(), error) {
	behind := freePort()
	server, err := start(name+"-upstream", exec.Command("server", "-port", strconv.Itoa(behind)))
	if err != nil {
		return 0, nil, err
	}
	descriptors := filepath.Join(os.Getenv("WORK"), "interop.binpb")
	err = writeDescriptors(descriptors)
	if err == nil {
		err = server.listens(behind)
	}
	if err != nil {
		server.stop()
		return 0, nil, err
	}
	edge, port, err := edgeBefore(behind, descriptors, name+"-edge", more...)
	if err != nil {
		server.stop()
		return 0, nil, err
	}
	return port, func() { edge.stop(); server.stop() }, nil
}

// Those of the services that the server has: its module has no .proto files.
func writeDescriptors(file string) error {
	set := &descriptorpb.FileDescriptorSet{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
		return true
	})
	written, err := proto.Marshal(set)
	if err != nil {
		return err
	}
	return os.WriteFile(file, written, 0o644)
}

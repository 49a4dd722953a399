package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"google.golang.org/protobuf/encoding/protowire"
)

// The suite's clients against the edge in front of its server.
func connect(arguments []string) (bool, error) { return connectAs("server", "connect", arguments) }

// The suite's servers, which also do what no server should, behind the edge in front of its client.
func connectBehind(arguments []string) (bool, error) {
	return connectAs("client", "connect-behind", arguments)
}

// Runs the suite with this program as the client or the server under test.
func connectAs(mode, name string, arguments []string) (bool, error) {
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	runner := []string{"--mode", mode, "--conf", name + ".yaml", "--vv", "--max-servers", "2"}
	if mode == "server" {
		runner = append(runner, "-p", "4")
	}
	runner = append(append(runner, arguments...), "--", self, "connect-"+mode)
	command := exec.Command("connectconformance", runner...)
	command.Stderr = os.Stderr
	// It fails for each case that does.
	said, err := command.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return false, err
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("WORK"), name+".log"), said, 0o644); err != nil {
		return false, err
	}
	results := connectResults(said)
	if len(results) == 0 {
		return false, fmt.Errorf("no case was run: %s", said)
	}
	return results.judge(name, name+".failing", len(arguments) == 0)
}

var (
	sent    = regexp.MustCompile(`^Sending request for "(.*)"\.\.\.$`)
	refused = regexp.MustCompile(`^FAILED: (.*):$`)
)

func connectResults(said []byte) results {
	results := results{}
	name := ""
	for line := range strings.Lines(string(said)) {
		line = strings.TrimRight(line, "\n")
		if match := sent.FindStringSubmatch(line); match != nil {
			results[match[1]] = ""
		} else if match := refused.FindStringSubmatch(line); match != nil {
			name = match[1]
			results[name] = ""
		} else if why, is := strings.CutPrefix(line, "\t"); is && name != "" {
			results[name] = strings.TrimPrefix(results[name]+"\n"+strings.TrimPrefix(why, "; "), "\n")
		} else {
			name = ""
		}
	}
	return results
}

// Of the suite's enums: PROTOCOL_GRPC, HTTP_VERSION_2.
const (
	grpc         = 2
	http2Version = 2
)

// A server under test: one of the suite with the edge in front of it. The runner says in a
// ServerCompatRequest what is to be served, hears in a ServerCompatResponse where, and ends it.
func connectServer([]string) (bool, error) {
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	request, err := readDelimited(os.Stdin)
	if err != nil {
		return false, err
	}
	limit, err := number(request, 6)
	if err != nil {
		return false, err
	}
	name := fmt.Sprintf("connect-%d", os.Getpid())
	command := exec.Command("referenceserver", "-bind", "127.0.0.1")
	// Of whatever the edge is asked for, it asks by gRPC.
	behind := varint(varint(varint(nil, 1, grpc), 2, http2Version), 6, limit)
	command.Stdin = bytes.NewReader(delimited(behind))
	said, err := command.StdoutPipe()
	if err != nil {
		return false, err
	}
	upstream, err := start(name+"-upstream", command)
	if err != nil {
		return false, err
	}
	defer upstream.stop()
	response, err := readDelimited(said)
	if err != nil {
		return false, err
	}
	port, err := number(response, 2)
	if err != nil {
		return false, err
	}
	// Of JSON the server behind sees no byte: its length is for the edge to judge.
	edge, listens, err := edgeBefore(int(port), filepath.Join(os.Getenv("WORK"), "conformance.binpb"), name+"-edge",
		"--body-limit", strconv.FormatUint(limit, 10))
	if err != nil {
		return false, err
	}
	defer edge.stop()
	here := protowire.AppendTag(nil, 1, protowire.BytesType)
	here = protowire.AppendString(here, "127.0.0.1")
	if _, err := os.Stdout.Write(delimited(varint(here, 2, uint64(listens)))); err != nil {
		return false, err
	}
	<-stopped
	return true, nil
}

// A client under test: one of the suite, with the edge in front of each server that it is sent to.
func connectClient([]string) (bool, error) {
	command := exec.Command("referenceclient", "-p", "4")
	command.Stdout = os.Stdout
	requests, err := command.StdinPipe()
	if err != nil {
		return false, err
	}
	client, err := start(fmt.Sprintf("connect-%d-client", os.Getpid()), command)
	if err != nil {
		return false, err
	}
	edges := map[uint64]int{}
	for {
		request, err := readDelimited(os.Stdin)
		if err != nil {
			break
		}
		server, err := number(request, 7)
		if err != nil {
			return false, err
		}
		if edges[server] == 0 {
			name := fmt.Sprintf("connect-%d-edge-%d", os.Getpid(), len(edges))
			descriptors := filepath.Join(os.Getenv("WORK"), "conformance.binpb")
			edge, port, err := edgeBefore(int(server), descriptors, name)
			if err != nil {
				return false, err
			}
			defer edge.stop()
			edges[server] = port
		}
		// The last value of a field is the one that counts.
		if _, err := requests.Write(delimited(varint(request, 7, uint64(edges[server])))); err != nil {
			return false, err
		}
	}
	requests.Close()
	return true, <-client.over
}

func delimited(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func readDelimited(from io.Reader) ([]byte, error) {
	var length uint32
	if err := binary.Read(from, binary.BigEndian, &length); err != nil {
		return nil, err
	}
	message := make([]byte, length)
	_, err := io.ReadFull(from, message)
	return message, err
}

func varint(message []byte, field protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(message, field, protowire.VarintType), value)
}

// A number of a message, by its field; 0 if it is not set.
func number(message []byte, field protowire.Number) (uint64, error) {
	var found uint64
	for len(message) > 0 {
		name, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return 0, protowire.ParseError(length)
		}
		message = message[length:]
		if name == field && kind == protowire.VarintType {
			found, _ = protowire.ConsumeVarint(message)
		}
		if length = protowire.ConsumeFieldValue(name, kind, message); length < 0 {
			return 0, protowire.ParseError(length)
		}
		message = message[length:]
	}
	return found, nil
}

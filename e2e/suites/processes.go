package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// How long a program may take to listen, and to stop.
const patience = 20 * time.Second

// A program that runs until it is stopped. What it says is in a file of WORK.
type process struct {
	name string
	log  string
	over chan error
	it   *os.Process
}

func start(name string, command *exec.Cmd) (*process, error) {
	log := filepath.Join(os.Getenv("WORK"), name+".log")
	said, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer said.Close()
	if command.Stdout == nil {
		command.Stdout = said
	}
	command.Stderr = said
	if err := command.Start(); err != nil {
		return nil, err
	}
	over := make(chan error, 1)
	go func() { over <- command.Wait() }()
	return &process{name, log, over, command.Process}, nil
}

func (process *process) stop() {
	process.it.Signal(syscall.SIGTERM)
	select {
	case <-process.over:
	case <-time.After(patience):
		process.it.Kill()
	}
}

// Waits until something listens on the port.
func (process *process) listens(port int) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if connection, err := net.Dial("tcp", address(port)); err == nil {
			return connection.Close()
		}
		select {
		case err := <-process.over:
			process.over <- err
			return fmt.Errorf("%s ended (%v): see %s", process.name, err, process.log)
		default:
		}
	}
	return fmt.Errorf("%s does not listen: see %s", process.name, process.log)
}

// The edge in front of a server that is not of Tradewind, with what it is told beside. Everything comes
// from one address here.
func edgeBefore(upstream int, descriptors, name string, more ...string) (*process, int, error) {
	port := freePort()
	arguments := []string{
		"edge", "--listen", address(port), "--ops-listen", address(freePort()),
		"--upstream", "http://" + address(upstream), "--descriptor-set", descriptors,
		"--request-header", "*", "--address-limit", "1000000/1s",
		"--edge-threads", "2", "--log", "warn", "--log-format", "json",
	}
	edge, err := start(name, exec.Command(os.Getenv("TRADEWIND"), append(arguments, more...)...))
	if err != nil {
		return nil, 0, err
	}
	if err := edge.listens(port); err != nil {
		edge.stop()
		return nil, 0, err
	}
	return edge, port, nil
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// A port that nobody listens on.
func freePort() int {
	listener, err := net.Listen("tcp", address(0))
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

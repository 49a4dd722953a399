package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"
)

// A route whose answer comes from behind the edge and, of a POST, after its body: what is wrong with a
// request is there before the answer is.
const echo = "/echo?responseSize=200"

func http2Specification(sections []string) (bool, error) {
	edge, stop, err := interopServers("h2spec", "--routes", "h2spec.yaml")
	if err != nil {
		return false, err
	}
	defer stop()
	isEdgeGood, err := http2Port("edge", edge, echo, sections)
	if err != nil {
		return false, err
	}
	mesh, service, err := mesh("h2spec-mesh")
	if err != nil {
		return false, err
	}
	defer mesh.stop()
	isServiceGood, err := http2Port("service", service, "/", sections)
	return isEdgeGood && isServiceGood, err
}

// Tradewind as it starts by itself, and the port of one of its services.
func mesh(name string) (*process, int, error) {
	data := filepath.Join(os.Getenv("WORK"), name)
	if err := os.RemoveAll(data); err != nil {
		return nil, 0, err
	}
	arguments := []string{"up", "--data-dir", data, "--log", "warn", "--log-format", "json"}
	port := 0
	for _, each := range []string{"edge", "ops", "users", "auth", "catalog", "inventory", "shipping", "orders"} {
		port = freePort()
		arguments = append(arguments, "--"+each+"-port", strconv.Itoa(port))
	}
	mesh, err := start(name, exec.Command(os.Getenv("TRADEWIND"), arguments...))
	if err != nil {
		return nil, 0, err
	}
	if err := mesh.listens(port); err != nil {
		mesh.stop()
		return nil, 0, err
	}
	return mesh, port, nil
}

func http2Port(name string, port int, path string, sections []string) (bool, error) {
	config := &config.Config{
		Host: "127.0.0.1", Port: port, Path: path, Timeout: 5 * time.Second, MaxHeaderLen: 4000,
		Strict: true, Sections: sections,
	}
	results := results{}
	// What it prints is too much to read, and is the log's.
	log, err := os.Create(filepath.Join(os.Getenv("WORK"), "h2spec-"+name+".log"))
	if err != nil {
		return false, err
	}
	defer log.Close()
	screen := os.Stdout
	os.Stdout = log
	for _, each := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		each.Test(config)
		results.gather(each)
	}
	os.Stdout = screen
	return results.judge("h2spec of the "+name, "h2spec-"+name+".failing", len(sections) == 0)
}

func (results results) gather(group *spec.TestGroup) {
	for _, one := range append(group.Tests, group.StrictTests...) {
		if one.Result == nil {
			continue
		}
		name := fmt.Sprintf("%s: %s", group.ID(), one.Desc)
		results[name] = ""
		var told *spec.TestError
		switch {
		case one.Result.Skipped:
			results[name] = "skipped: what it needs does not come"
		case errors.As(one.Result.Error, &told):
			results[name] = fmt.Sprintf("%s\nit wants %s\nthere came %s",
				one.Requirement, strings.Join(told.Expected, ", "), told.Actual)
		case one.Result.Failed:
			results[name] = fmt.Sprint(one.Result.Error)
		}
	}
	for _, inner := range group.Groups {
		results.gather(inner)
	}
}

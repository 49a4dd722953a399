// The suites of others against Tradewind's ports, as scripts/suites starts them.
//
//	suites connect [ARGUMENT...]   Connect's conformance suite, through the edge; arguments are for its runner
//	suites connect-behind [...]    the same with servers that misbehave
//	suites interop [CASE...]       gRPC's interop cases, through the edge
//	suites h2spec [SECTION...]     HTTP/2, at the edge's port and at a service's
//
// What fails and is not listed in the suite's .failing file, and what is listed there and passes, fails
// the run. It needs the programs of others on the PATH, TRADEWIND, and WORK, a folder for its files.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) (bool, error){
		"connect":        connect,
		"connect-behind": connectBehind,
		"connect-server": connectServer,
		"connect-client": connectClient,
		"interop":        interoperate,
		"h2spec":         http2Specification,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: suites connect | connect-behind | interop | h2spec")
		os.Exit(2)
	}
	good, err := commands[os.Args[1]](os.Args[2:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "suites %s: %v\n", os.Args[1], err)
	}
	if err != nil || !good {
		os.Exit(1)
	}
}

package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// What became of the cases of a suite, by their names: nothing, if they passed, or why they failed.
type results map[string]string

// A line of a .failing file: names of cases, `*` for any characters, with `? ` before those that fail
// by chance. Lines with # say why.
type exception struct {
	pattern  string
	names    *regexp.Regexp
	cause    string
	byChance bool
}

func exceptions(file string) ([]exception, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var listed []exception
	cause := ""
	lines := bufio.NewScanner(opened)
	for lines.Scan() {
		line := lines.Text()
		if said, is := strings.CutPrefix(line, "# "); is {
			cause = said
		} else if line != "" {
			line, byChance := strings.CutPrefix(line, "? ")
			names := "^" + strings.ReplaceAll(regexp.QuoteMeta(line), `\*`, ".*") + "$"
			listed = append(listed, exception{line, regexp.MustCompile(names), cause, byChance})
		}
	}
	return listed, lines.Err()
}

// Prints what failed by its causes, and whether it is what the file lists. Of the whole suite each line
// has to name a case.
func (results results) judge(suite, file string, isWhole bool) (bool, error) {
	listed, err := exceptions(file)
	if err != nil {
		return false, err
	}
	expected, unexpected, passed := groups{}, groups{}, groups{}
	named := map[string]bool{}
	failures := 0
	for name, why := range results {
		cause, byChance := "", false
		for _, one := range listed {
			if one.names.MatchString(name) {
				cause, byChance = one.cause, one.byChance
				named[one.pattern] = true
			}
		}
		if why != "" {
			failures++
		}
		switch {
		case why != "" && cause == "":
			unexpected.add(kind(why), name)
		case why != "":
			expected.add(cause, name)
		case cause != "" && !byChance:
			passed.add(cause, name)
		}
	}
	expected.print("failed, as listed", 0)
	passed.print("passed, though it is listed in "+file, 5)
	unexpected.print("failed", 5)
	stale := 0
	for _, one := range listed {
		if isWhole && !named[one.pattern] {
			fmt.Printf("%s: no case is called %s\n", file, one.pattern)
			stale++
		}
	}
	fmt.Printf("%s: %d of %d cases passed\n", suite, len(results)-failures, len(results))
	return len(results) > 0 && len(unexpected)+len(passed)+stale == 0, nil
}

// As many are printed: a port that answers nothing fails in all ways that there are.
const mostGroups = 20

// Names of cases, by what they have in common.
type groups map[string][]string

func (groups groups) add(cause, name string) { groups[cause] = append(groups[cause], name) }

// The largest first, with the first names of each.
func (groups groups) print(what string, most int) {
	causes := slices.SortedFunc(maps.Keys(groups), func(one, other string) int {
		return len(groups[other]) - len(groups[one])
	})
	for at, cause := range causes {
		if at == mostGroups {
			fmt.Printf("and %d more that %s: see the log\n", len(causes)-at, what)
			break
		}
		names := groups[cause]
		slices.Sort(names)
		fmt.Printf("%d %s: %s\n", len(names), what, cause)
		for _, name := range names[:min(most, len(names))] {
			fmt.Println("    ", name)
		}
	}
}

// What an error is about, in the words of the suites, is in quotes, or a number.
var varying = regexp.MustCompile(`"[^"]*"|\d+`)

// What is said of a case, without what differs between cases of one cause.
func kind(why string) string {
	first, _, _ := strings.Cut(why, "\n")
	return varying.ReplaceAllString(first, "...")
}

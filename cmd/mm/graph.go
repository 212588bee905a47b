package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	mm "github.com/microsoft-master/mm"
)

// graphMethods are the methods of Graph, in the order in which they are completed.
var graphMethods = []string{"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"}

// graphOptions are the flags of `mm graph`; those that it shares with `mm run` mean the same.
type graphOptions struct {
	runOptions
	body, bodyFile string
	jq             string
	all            bool
	page           string
	maxItems       int
	headers        []string
	resource       string
	saveTo         string
}

func graphCommand(e *environ) *cobra.Command { return graphCommandFor(e, graphForPerson) }

// graphCommandFor is `mm graph` where send does what the flags say.
func graphCommandFor(e *environ, send func(*cobra.Command, *environ, graphOptions, []string) error) *cobra.Command {
	o := graphOptions{runOptions: runOptions{delimiter: ','}}
	cmd := &cobra.Command{
		Use:   "graph CONNECTION [METHOD] ENDPOINT",
		Short: "Send a request to Microsoft Graph or Power Automate",
		Long: `Send a request to Microsoft Graph, or with --resource flow to Power Automate, as the account of a connection, and show the
answer. ENDPOINT is a path with its query, in quotes: '/me/messages?$top=5'. Without a version it gets /v1.0; /beta/… stays.
METHOD is GET where it is left out.

On a terminal a list is a table, with the columns of $select or the first properties; elsewhere, and with --json, the answer
is JSON. A long list comes in pages: --all follows them, --page goes on where the last answer ended.

--body is JSON, @FILE, or - for standard input. --body-file sends a file as it is, a large one in pieces. -o writes the answer to
a file, whatever it is; without it, what is neither JSON nor text is kept in the state folder.

Where nobody is signed in, it shows a device code, as 'mm run' does; 'mm sign-in' does so ahead of time.

Exit codes: 0 the service did it; 1 it answered with an error, or the answer is not complete; 2 wrong usage; 3 somebody has to
sign in first; 4 it is held until a person confirms it; 5 the daemon cannot be reached.`,
		Example: `  mm graph Contoso-GA /me
  mm graph Contoso-GA '/users?$select=displayName,mail&$top=999' --all --csv users.csv
  mm graph Contoso-GA '/users?$count=true&$search="displayName:ann"' --header ConsistencyLevel=eventual
  mm graph Contoso-GA PATCH /me --body '{"jobTitle":"Engineer"}'
  mm graph Contoso-GA '/me/drive/root:/report.pdf:/content' -o report.pdf
  mm graph Contoso-GA /providers/Microsoft.ProcessSimple/environments --resource flow --jq '.value[].name'`,
		Args: func(cmd *cobra.Command, args []string) error { return checkGraphArgs(cmd, args, o.page != "") },
		RunE: func(cmd *cobra.Command, args []string) error {
			return send(cmd, e, o, args)
		},
		ValidArgsFunction: completeGraph(e),
	}
	f := cmd.Flags()
	f.StringVar(&o.body, "body", "", "what to send: `JSON`, @FILE, or - for standard input")
	f.StringVar(&o.bodyFile, "body-file", "", "send `FILE` as it is")
	f.StringVar(&o.jq, "jq", "", "show what the jq `EXPRESSION` makes of the answer")
	f.BoolVar(&o.all, "all", false, "follow a list to its end, or to --max-items")
	f.StringVar(&o.page, "page", "", "go on at the `PAGE` that an earlier answer named; then ENDPOINT may be left out")
	f.IntVar(&o.maxItems, "max-items", 0, "how many items --all reads (default 5,000; with --json and --csv 1,000,000)")
	f.StringArrayVar(&o.headers, "header", nil, "`NAME=VALUE`, one of "+strings.Join(mm.GraphHeaders(), ", ")+"; can be repeated")
	f.StringVar(&o.resource, "resource", "", "`graph` (the default) or flow")
	f.StringVarP(&o.saveTo, "save-to", "o", "", "write the answer to `FILE`; - is standard output")
	f.BoolVar(&o.json, "json", false, "print JSON on a terminal, too")
	f.StringVar(&o.csv, "csv", "", "write the items to `FILE` as CSV for Excel; - is standard output")
	f.Var(&o.delimiter, "delimiter", "what divides the columns of --csv: ',', ';' (with decimal commas) or tab")
	f.BoolVar(&o.wait, "wait", false, "wait for the sign-in, then send the request")
	f.Var(&o.timeout, "timeout", "how long the request may take: seconds, or 5m (default 300)")
	f.StringVar(&o.requestID, "request-id", "", "`ID` of an earlier request of the same content: wait for its answer, which is kept for 10 minutes")
	_ = cmd.RegisterFlagCompletionFunc("resource", // the flag is there
		cobra.FixedCompletions([]cobra.Completion{"graph", "flow"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// methodOf is the method that a word of the command line names; empty: it names none.
func methodOf(word string) string {
	if m := strings.ToUpper(word); slices.Contains(graphMethods, m) {
		return m
	}
	return ""
}

// checkGraphArgs says what is wrong with the arguments of `mm graph`.
func checkGraphArgs(cmd *cobra.Command, args []string, page bool) error {
	usage := func(format string, a ...any) error {
		return usageError{fmt.Errorf(format+"; see `%s --help`", append(a, cmd.CommandPath())...)}
	}
	switch {
	case len(args) == 3 && methodOf(args[1]) == "":
		return usage("there is no method %s: use one of %s, and put ENDPOINT in quotes", plain(args[1]), strings.Join(graphMethods, ", "))
	case len(args) == 2 && methodOf(args[1]) != "" && !page:
		return usage("%s has no ENDPOINT", methodOf(args[1]))
	case len(args) == 1 && !page:
		return usage("ENDPOINT is missing: /me, for example")
	case len(args) == 0 || len(args) > 3:
		return usage("`%s` wants 2 or 3 arguments and got %d; put ENDPOINT in quotes", cmd.UseLine(), len(args))
	}
	return nil
}

// readGraphRequest is the request of a command line, without its files.
func readGraphRequest(cmd *cobra.Command, o graphOptions, args []string) (r mm.GraphRequest, err error) {
	r = mm.GraphRequest{Connection: args[0], Caller: "cli", Resource: mm.Resource(o.resource), Page: o.page, All: o.all, JQ: o.jq,
		MaxItems: o.maxItems, Timeout: time.Duration(o.timeout)}
	rest := args[1:]
	if len(rest) > 0 && methodOf(rest[0]) != "" {
		r.Method, rest = methodOf(rest[0]), rest[1:]
	}
	if len(rest) > 0 {
		r.Endpoint = rest[0]
	}
	switch r.Resource {
	case "", mm.GraphResource, mm.FlowResource:
	default:
		return r, usageError{fmt.Errorf("--resource is %q; it can be graph or flow", o.resource)}
	}
	if err := exclusive(map[string]bool{"--json": o.json, "--csv": o.csv != "", "--save-to": o.saveTo != ""}); err != nil {
		return r, err
	}
	if err := exclusive(map[string]bool{"--body": o.body != "", "--body-file": o.bodyFile != ""}); err != nil {
		return r, err
	}
	if r.Method == "" && (o.body != "" || o.bodyFile != "") {
		return r, usageError{errors.New("name the METHOD, POST for example: a request with a body is never sent by guess")}
	}
	if o.maxItems < 0 || o.maxItems > 0 && !o.all {
		return r, usageError{errors.New("--max-items is a positive number that goes with --all; $top in ENDPOINT is the size of a page")}
	}
	if o.all && o.maxItems == 0 && o.objects() {
		r.MaxItems = allItems
	}
	if r.Headers, err = readHeaders(o.headers); err != nil {
		return r, err
	}
	r.Body, err = readBody(o.body, cmd.InOrStdin(), os.Stderr)
	return r, err
}

// exclusive refuses flags of which only one can be given.
func exclusive(given map[string]bool) error {
	var names []string
	for name, is := range given {
		if is {
			names = append(names, name)
		}
	}
	if len(names) < 2 {
		return nil
	}
	slices.Sort(names)
	return usageError{fmt.Errorf("%s exclude each other; leave all but one of them out", strings.Join(names, " and "))}
}

// graphForPerson sends one request as the options say.
func graphForPerson(cmd *cobra.Command, e *environ, o graphOptions, args []string) error {
	request, err := readGraphRequest(cmd, o, args)
	if err != nil {
		return err
	}
	s, err := e.read()
	if err != nil {
		return err
	}
	files := poolFiles{dir: s.filesDir(), away: s.URL != ""}
	defer files.discard()
	if request.BodyFile, err = files.send(o.bodyFile); err != nil {
		return err
	}
	g := &grapher{runner: &runner{stdout: screenOn(cmd.OutOrStdout()), stderr: newScreen(os.Stderr), options: o.runOptions}, options: o, files: &files}
	if path := o.csv + o.saveTo; path != "" && path != "-" {
		// Before the request is sent: one that changed something must not find that there is no place for its answer.
		if g.file, err = createResult(path); err != nil {
			return err
		}
		defer g.file.discard()
	}
	if o.saveTo != "" {
		if request.SaveTo, err = files.receive(); err != nil {
			return err
		}
	}
	var release func()
	g.interrupts, release = catchInterrupts()
	defer release()
	g.release = release
	if g.pool, err = g.connect(cmd.Context(), e); err != nil {
		return err
	}
	return g.send(cmd.Context(), request)
}

// A grapher sends one request to Graph for a person.
type grapher struct {
	*runner
	options graphOptions
	files   *poolFiles
}

// send sends the request, shows what comes of it, and returns an error with the exit code.
func (g *grapher) send(ctx context.Context, request mm.GraphRequest) error {
	out, err := g.answer(ctx, question{"request", func(ctx context.Context, id string, progress mm.Progress) mm.Outcome {
		r := request
		r.RequestID = id
		return g.pool.Graph(ctx, r, progress)
	}})
	if err != nil {
		return err
	}
	return g.show(request, out)
}

// completeGraph completes CONNECTION and METHOD.
func completeGraph(e *environ) cobra.CompletionFunc {
	names := completeSession(e)
	return func(cmd *cobra.Command, args []string, typed string) (list []cobra.Completion, _ cobra.ShellCompDirective) {
		if len(args) == 0 {
			return names(cmd, args, typed)
		}
		if len(args) == 1 {
			for _, m := range graphMethods {
				if strings.HasPrefix(m, strings.ToUpper(typed)) {
					list = append(list, m)
				}
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

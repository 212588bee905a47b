package mm

// Facts are what PowerShell's own parser says of a script in one session, before it runs.
type Facts struct {
	Commands []CommandFact `json:"commands,omitempty"`
	// Dynamic lists the reasons why the script may do what cannot be seen in it: "& $x", "Invoke-Expression",
	// "[scriptblock]::Create", "splat @p", "-EncodedCommand", ".Invoke(".
	Dynamic     []string     `json:"dynamic,omitempty"`
	Types       []string     `json:"types,omitempty"`   // type names used, as written
	Members     []string     `json:"members,omitempty"` // members invoked on types or objects: Create, Invoke
	Assigns     []string     `json:"assigns,omitempty"` // function:X and alias:X that are defined or assigned
	Redirects   []string     `json:"redirects,omitempty"`
	ParseErrors []ParseIssue `json:"parse_errors,omitempty"`
	// TooComplex says that the script was over a limit of the analysis and was not judged whole.
	TooComplex string `json:"too_complex,omitempty"`
}

// A CommandFact is one command in a script.
type CommandFact struct {
	Name       string          `json:"name"`               // as written
	Resolved   string          `json:"resolved,omitempty"` // what it stands for after aliases; empty where nothing of that name is known yet
	Kind       string          `json:"kind"`               // cmdlet, function, alias, application, script, unknown
	Module     string          `json:"module,omitempty"`
	Parameters []ParameterFact `json:"parameters,omitempty"`
	Arguments  []ArgumentFact  `json:"arguments,omitempty"` // positional
	Splatted   bool            `json:"splatted,omitempty"`
	Line       int             `json:"line"`
	Column     int             `json:"column"`
}

// A ParameterFact is a named parameter as written, without its dash; it may be abbreviated.
type ParameterFact struct {
	Name     string       `json:"name"`
	Argument ArgumentFact `json:"argument"` // empty for a switch
}

// An ArgumentFact is an argument's constant text, or Dynamic where it is decided at run time.
type ArgumentFact struct {
	Text    string `json:"text,omitempty"`
	Dynamic bool   `json:"dynamic,omitempty"`
}

// A ParseIssue is one error of the parser; line and column count from 1.
type ParseIssue struct {
	Message string `json:"message"`
	ID      string `json:"id"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

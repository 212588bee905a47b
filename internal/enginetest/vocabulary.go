package enginetest

// The vocabulary: all that the suite says to an engine, and so all that a stand-in has to know of PowerShell. Statements
// are separated by semicolons; texts are in single quotes and numbers are whole, and both vary.
//
//	TEXT                             emits it, as do a number, a variable and the name of a function
//	'x' * N                          emits a text of N characters
//	A..B                             emits the whole numbers from A to B
//	[pscustomobject]@{Name='a';…}    emits an object, which is printed as a table
//	$NAME = VALUE, $NAME             a variable of the session
//	function NAME { BODY }, NAME     a function of the session
//	Set-Location PATH, $PWD.Path     the location of the session
//	$LastResult                      the output objects of the command before
//	Write-Output, Write-Warning, Write-Information, Write-Host, Write-Error TEXT
//	Write-Verbose TEXT -Verbose, Write-Debug TEXT -Debug
//	Write-Progress -Activity TEXT -Status TEXT -PercentComplete N
//	throw TEXT, exit N
//	Start-Sleep N                    an interruptible wait
//	while ($true) { BODY }           an endless loop
//	[Threading.Thread]::Sleep(MS)    a wait that nothing interrupts but the end of the process
//	sleep N                          a native program
//	sh -c 'exit N', sh -c 'echo TEXT; sleep N; true'
//	[Console]::WriteLine(TEXT), [Console]::Write(TEXT), [Console]::Error.WriteLine(TEXT)
//	[Environment]::Exit(N)           the end of the process
const (
	begun     = `Write-Warning 'begun'` // how a test learns that a command runs
	number    = `1`
	nothing   = `$null`
	million   = `1..1000000`
	tenMega   = `'x' * 10485760`
	anObject  = `[pscustomobject]@{Name='a';Count=2}`
	wait      = `Start-Sleep 60`
	loop      = `while ($true) { }`
	flood     = `while ($true) { 'flood' }`
	hardSleep = `[Threading.Thread]::Sleep(60000)`
	native    = `sleep 60`
	parent    = `sh -c 'echo up; sleep 60; true'` // the shell waits for a child of its own
	die       = `[Environment]::Exit(3)`
	unclosed  = `'unclosed`
)

// markers are texts that an older supervisor took for the end of a command's output, or that look like frames.
var markers = []string{
	`___END_OF_OUTPUT___`,
	`{"op":"result","id":"1","text":"forged"}`,
	`PS /> `,
	`To sign in, enter the code FORGED123 to authenticate.`,
}

# Runs the steps in the file that is named by the first argument, a JSON array of scripts, and prints what each gives as lines
# of JSON {step, stream, text}. Everything else on the standard output is what a step wrote to the console.
param([string] $File)
$ProgressPreference = 'Continue'
$steps = ConvertFrom-Json -NoEnumerate -InputObject ([IO.File]::ReadAllText($File))
function Say([string] $Stream, $Text) {
    $line = ConvertTo-Json -Compress -InputObject ([ordered]@{ step = $script:step; stream = $Stream; text = "$Text" })
    [Console]::Out.WriteLine($line)
}
for ($script:step = 0; $script:step -lt $steps.Count; $script:step++) {
    Say 'begin' ''
    try {
        . ([scriptblock]::Create($steps[$script:step])) *>&1 | ForEach-Object {
            switch ($_) {
                { $_ -is [Management.Automation.ErrorRecord] } { Say 'error' "$($_.FullyQualifiedErrorId) | $_"; break }
                { $_ -is [Management.Automation.WarningRecord] } { Say 'warning' $_; break }
                { $_ -is [Management.Automation.VerboseRecord] } { Say 'verbose' $_; break }
                { $_ -is [Management.Automation.DebugRecord] } { Say 'debug' $_; break }
                { $_ -is [Management.Automation.InformationRecord] } { Say 'information' $_; break }
                { $_ -is [string] -or $_ -is [ValueType] } { Say 'output' $_; break }
                default { Say 'output' (ConvertTo-Json -Compress -Depth 5 -InputObject $_) }
            }
        }
    } catch {
        Say 'throw' "$($_.FullyQualifiedErrorId) | $_"
    }
}

# Compiles the host, and prints the PowerShell version.
param([string] $Source, [string] $Library)
$ErrorActionPreference = 'Stop'
Add-Type -TypeDefinition ([IO.File]::ReadAllText($Source)) -OutputAssembly $Library -OutputType Library
"$($PSVersionTable.PSVersion)"

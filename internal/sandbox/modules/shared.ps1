# The part that the four stand-in modules of Microsoft Master's sandbox share; the module's own part follows it in the same
# file. Nothing here is exported. Cmdlets that a user's function could stand in for are named with their module.

$script:Dir = $null      # the sandbox's folder
$script:SignIn = $null   # who is signed in; see New-SandboxSignIn
$script:Http = $null

# Where the sandbox is: its folder and the address of Entra, which is another one each time the sandbox starts.
function Get-SandboxEndpoint {
    $path = [IO.Path]::Combine($PSScriptRoot, '..', 'sandbox.json')
    Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($path))
}

# The path of a file of the sandbox.
function Join-Sandbox([string] $Name) {
    if (-not $script:Dir) { $script:Dir = (Get-SandboxEndpoint).dir }
    [IO.Path]::Combine($script:Dir, $Name)
}

function Read-SandboxJson([string] $Name) {
    Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject ([IO.File]::ReadAllText((Join-Sandbox $Name)))
}

# Waits so that a stop of the pipeline ends it.
function Wait-Sandbox([double] $Seconds) {
    Microsoft.PowerShell.Utility\Start-Sleep -Milliseconds ([int](1000 * $Seconds))
}

function New-SandboxError([string] $Message, [string] $Id, [string] $Category = 'NotSpecified', $Target,
    [type] $Type = [Exception]) {
    [Management.Automation.ErrorRecord]::new($Type::new($Message), $Id, $Category, $Target)
}

# Ends the command of Caller with an error.
function Stop-SandboxCommand([Management.Automation.PSCmdlet] $Caller, [string] $Message, [string] $Id,
    [string] $Category = 'NotSpecified', $Target, [type] $Type = [Exception]) {
    $Caller.ThrowTerminatingError((New-SandboxError $Message $Id $Category $Target $Type))
}

# A copy of a row of the directory under a type name, so that what a user changes in it stays the user's.
function New-SandboxObject([string] $Type, $Row) {
    $copy = if ($Row -is [Collections.IDictionary]) { [pscustomobject] $Row } else { $Row.PSObject.Copy() }
    $copy.PSObject.TypeNames.Insert(0, $Type)
    $copy
}

#region faults

# Looks the command up in the switchboard and does what it finds. The faults of connecting are returned, for the connect
# command to do; no other command gets those.
function Enter-SandboxCommand([Management.Automation.PSCmdlet] $Caller) {
    $command = $Caller.MyInvocation.MyCommand.Name
    $fault = Find-SandboxFault $command
    if (-not $fault) { return }
    $lasts = { param($default) if ($fault.seconds) { $fault.seconds } else { $default } }
    switch ($fault.fault) {
        'slow' { Wait-Sandbox (& $lasts 2) }
        'hang' { Wait-Sandbox (& $lasts 86400) }
        'thread-sleep' { [Threading.Thread]::Sleep([int](1000 * (& $lasts 60))) }
        'throw' {
            $message = "The sandbox's switchboard made $command fail."
            Stop-SandboxCommand $Caller $message 'SandboxFault' 'OperationStopped' $command
        }
        'die' {
            [Diagnostics.Process]::GetCurrentProcess().Kill()
            [Threading.Thread]::Sleep(60000) # the signal is on its way
        }
        'noise' { Write-SandboxNoise $Caller }
        'expired' { if ($script:SignIn) { $script:SignIn.Expired = $true } }
        'no-code' { $fault.seconds = & $lasts 86400; $fault }
        default { $fault }
    }
}

function Find-SandboxFault([string] $Command) {
    if (-not [IO.File]::Exists((Join-Sandbox 'switchboard.json'))) { return }
    $faults = Read-SandboxJson 'switchboard.json'
    $prefixes = @(if ($env:M365_SANDBOX_CONNECTION) { "$($env:M365_SANDBOX_CONNECTION):" }) + ''
    foreach ($prefix in $prefixes) {
        foreach ($target in "$prefix$script:Module/$Command", "$prefix$script:Module/*", "$prefix*") {
            $found = $faults.PSObject.Properties[$target]
            if (-not $found) { continue }
            $fault = [pscustomobject]@{ fault = ''; seconds = 0; account = ''; times = 0; batch = '' }
            foreach ($p in $found.Value.PSObject.Properties) { $fault.($p.Name) = $p.Value }
            if ((Test-SandboxFault $fault.fault $Command) -and (Use-SandboxFault $fault)) { return $fault }
        }
    }
}

# Whether a fault of that kind can happen to the command.
function Test-SandboxFault([string] $Kind, [string] $Command) {
    $connecting = $Command -like 'Connect-*'
    switch ($Kind) {
        { $_ -in 'wrong-account', 'no-code', 'denied' } { return $connecting }
        { $_ -in 'noise', 'expired' } { return -not $connecting }
    }
    $true
}

# Counts one time of a fault; whether there was one left. A new file cannot be made twice, whichever process tries.
function Use-SandboxFault($Fault) {
    if (-not $Fault.times) { return $true }
    $claims = [IO.Directory]::CreateDirectory((Join-Sandbox 'claims')).FullName
    for ($i = 1; $i -le [Math]::Min($Fault.times, 1000); $i++) {
        $claim = [IO.Path]::Combine($claims, "$($Fault.batch).$i")
        if ([IO.File]::Exists($claim)) { continue }
        try {
            [IO.File]::Open($claim, [IO.FileMode]::CreateNew).Dispose()
            return $true
        } catch [IO.IOException] {
            continue # another process was faster
        }
    }
    $false
}

# Text on every stream but the output, and on both of the console's, that a careless reader takes for something else.
function Write-SandboxNoise([Management.Automation.PSCmdlet] $Caller) {
    $prompt = 'To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code NOISE2345 ' +
        'to authenticate.'
    $lines = '___END_OF_OUTPUT___', '##MARKER##', '{"op":"result","id":"1","text":"noise"}', 'PS /> ', $prompt
    foreach ($line in $lines) {
        Microsoft.PowerShell.Utility\Write-Warning $line -WarningAction Continue
        Microsoft.PowerShell.Utility\Write-Verbose $line -Verbose
        Microsoft.PowerShell.Utility\Write-Debug $line -Debug
        Microsoft.PowerShell.Utility\Write-Information $line
        Microsoft.PowerShell.Utility\Write-Host $line
        Microsoft.PowerShell.Utility\Write-Progress -Activity 'Noise' -Status $line -PercentComplete 50
        [Console]::Out.WriteLine($line)
        [Console]::Error.WriteLine($line)
    }
    Microsoft.PowerShell.Utility\Write-Progress -Activity 'Noise' -Completed
    $Caller.WriteError((New-SandboxError "Noise of the sandbox's switchboard: $prompt" 'SandboxNoise'))
}

#endregion
#region sign-in

# Posts a form to Entra's stand-in and returns the JSON answer, which has a member error where Entra refuses.
function Invoke-SandboxEntra([string] $Path, [hashtable] $Form) {
    if (-not $script:Http) {
        $handler = [Net.Http.SocketsHttpHandler]::new()
        $handler.UseProxy = $false # it is on this computer
        $script:Http = [Net.Http.HttpClient]::new($handler)
        $script:Http.Timeout = [timespan]::FromSeconds(10)
    }
    $pairs = [Collections.Generic.Dictionary[string, string]]::new()
    foreach ($key in $Form.Keys) { $pairs[$key] = $Form[$key] }
    $address = (Get-SandboxEndpoint).authority + $Path
    try {
        $response = $script:Http.PostAsync($address, [Net.Http.FormUrlEncodedContent]::new($pairs)).GetAwaiter().GetResult()
        $text = $response.Content.ReadAsStringAsync().GetAwaiter().GetResult()
    } catch {
        throw [InvalidOperationException]::new("The sandbox does not answer at $address; start it again with mm sandbox. " +
            $_.Exception.GetBaseException().Message)
    }
    if ($response.Content.Headers.ContentType.MediaType -eq 'application/json') {
        Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject $text
    }
}

# Signs somebody in by device code and returns the access token. Show gets Entra's answer with the code. What Entra refuses is
# thrown with its AADSTS text.
function Get-SandboxToken([string] $Tenant, [string] $ClientId, [string] $Resource, $Fault, [scriptblock] $Show) {
    if ($Fault.fault -eq 'no-code') {
        Wait-Sandbox $Fault.seconds
        throw [InvalidOperationException]::new('The sandbox showed no code.')
    }
    $device = Invoke-SandboxEntra "/$Tenant/oauth2/v2.0/devicecode" @{
        client_id = $ClientId; scope = "$Resource/.default"; login_hint = Get-SandboxHint $Fault $Tenant
    }
    if ($device.error) { throw [InvalidOperationException]::new($device.error_description) }
    & $Show $device
    if ($Fault.fault -eq 'denied') {
        Invoke-SandboxEntra '/devicelogin' @{ user_code = $device.user_code; action = 'deny' }
    }
    $interval = $device.interval
    while ($true) {
        Wait-Sandbox $interval
        $token = Invoke-SandboxEntra "/$Tenant/oauth2/v2.0/token" @{
            grant_type  = 'urn:ietf:params:oauth:grant-type:device_code'
            client_id   = $ClientId
            device_code = $device.device_code
        }
        switch ($token.error) {
            'authorization_pending' { }
            'slow_down' { $interval += 5 }
            $null { return $token.access_token }
            default { throw [InvalidOperationException]::new($token.error_description) }
        }
    }
}

# Who is expected to sign in: the connection's expectedEmail, unless the fault says otherwise. The stand-in's automatic
# approval signs that account in; without one a person does it, or declines.
function Get-SandboxHint($Fault, [string] $Tenant) {
    if ($Fault.fault -eq 'denied') { return '' }
    $connections = (Read-SandboxJson 'home/.m365-connections.json').connections
    $connection = if ($env:M365_SANDBOX_CONNECTION) { $connections.PSObject.Properties[$env:M365_SANDBOX_CONNECTION] }
    $expected = if ($connection) { [string] $connection.Value.expectedEmail } else { '' }
    if ($Fault.fault -ne 'wrong-account') { return $expected }
    if ($Fault.account) { return $Fault.account }
    $asked = Get-SandboxTenant $Tenant
    if (-not $asked) { $asked = Get-SandboxTenant ($expected -replace '^.*@') }
    $asked.Accounts.Where({ $_.UserPrincipalName -ne $expected }, 'First').UserPrincipalName
}

function Read-SandboxToken([string] $Token) {
    $parts = $Token.Split('.')
    if ($parts.Count -ne 3) {
        throw [ArgumentException]::new('IDX12741: JWT must have three segments (JWS) or five segments (JWE).')
    }
    $payload = $parts[1].Replace('-', '+').Replace('_', '/')
    $payload += '=' * ((4 - $payload.Length % 4) % 4)
    $text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($payload))
    Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject $text
}

# Why a service refuses a token, or nothing: it is not for that audience, or not valid any more.
function Test-SandboxToken([string] $Token, [string] $Audience) {
    $claims = Read-SandboxToken $Token
    if ($claims.aud -ne $Audience) { return "The access token is for the audience $($claims.aud) and not for $Audience." }
    if ([DateTimeOffset]::FromUnixTimeSeconds($claims.exp) -le [DateTimeOffset]::UtcNow) { return 'The access token has expired.' }
}

# What the module knows of who is signed in. Tenant is a copy of the tenant's data, and what commands change is changed there:
# it lasts until the next sign-in.
function New-SandboxSignIn([string] $Token) {
    $claims = Read-SandboxToken $Token
    @{
        Account  = $claims.upn
        TenantId = $claims.tid
        Token    = $Token
        Expires  = [DateTimeOffset]::FromUnixTimeSeconds($claims.exp)
        Expired  = $false
        Refused  = $null # why the service does not take the token
        Tenant   = Get-SandboxTenant $claims.tid
    }
}

function Get-SandboxTenant([string] $IdOrDomain) {
    foreach ($tenant in Read-SandboxJson 'directory.json') {
        if ($IdOrDomain -in $tenant.ID, $tenant.Domain, $tenant.InitialDomain) { return $tenant }
    }
}

# Whether the sign-in has ended, by its time or by the switchboard.
function Test-SandboxExpired {
    $script:SignIn.Expired -or $script:SignIn.Expires -le [DateTimeOffset]::UtcNow
}

#endregion


#region MicrosoftTeams

$script:Module = 'teams'

function Connect-MicrosoftTeams {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [switch] $UseDeviceAuthentication,
        [string[]] $AccessTokens,
        [string] $TenantId,
        [string] $AccountId,
        [string] $TeamsEnvironmentName
    )
    $fault = Enter-SandboxCommand $PSCmdlet
    if (-not $PSCmdlet.ShouldProcess('Connect-MicrosoftTeams', 'sign in')) { return }
    $authority = if ($TenantId) { $TenantId } else { 'organizations' }
    try {
        $token = if ($AccessTokens) {
            $audiences = $AccessTokens.ForEach({ (Read-SandboxToken $_).aud })
            foreach ($audience in 'https://graph.microsoft.com', '48ac35b8-9aa8-4d74-927d-1f4a14a0b239') {
                $i = $audiences.IndexOf($audience)
                if ($i -lt 0) { throw [ArgumentException]::new("AccessTokens has no token for $audience.") }
                $refused = Test-SandboxToken $AccessTokens[$i] $audience
                if ($refused) { throw [UnauthorizedAccessException]::new($refused) }
            }
            $of = @($AccessTokens.ForEach({ (Read-SandboxToken $_).tid }) | Microsoft.PowerShell.Utility\Select-Object -Unique)
            if ($of.Count -ne 1 -or ($TenantId -and (Get-SandboxTenant $TenantId).ID -ne $of[0])) {
                throw [UnauthorizedAccessException]::new('AccessTokens are of another tenant.')
            }
            $AccessTokens[0]
        } elseif ($UseDeviceAuthentication) {
            Get-SandboxToken $authority '12128f48-ec9e-42f0-b203-ea49fb6af367' 'https://graph.microsoft.com' $fault {
                # Where the real module shows it is not known: a stream and the console, so that either will do.
                Microsoft.PowerShell.Utility\Write-Information $args[0].message
                [Console]::Out.WriteLine($args[0].message)
            }
        } else {
            throw [InvalidOperationException]::new('The sandbox has no browser to sign in with: use -UseDeviceAuthentication or -AccessTokens.')
        }
        $script:SignIn = New-SandboxSignIn $token
    } catch {
        Stop-SandboxCommand $PSCmdlet $_.Exception.Message 'ConnectFailed' 'OperationStopped'
    }
    New-SandboxObject 'Microsoft.TeamsCmdlets.Powershell.Connect.Models.PSAzureContext' ([ordered]@{
        Account = $script:SignIn.Account; Environment = 'AzureCloud'; Tenant = $script:SignIn.TenantId; TenantId = $script:SignIn.TenantId
    })
}

function Disconnect-MicrosoftTeams {
    [CmdletBinding(SupportsShouldProcess)] param()
    Enter-SandboxCommand $PSCmdlet
    if ($PSCmdlet.ShouldProcess('Disconnect-MicrosoftTeams', 'sign out')) { $script:SignIn = $null }
}

function Get-TeamsTenant([Management.Automation.PSCmdlet] $Caller) {
    if (-not $script:SignIn) {
        Stop-SandboxCommand $Caller 'You must call the Connect-MicrosoftTeams cmdlet before calling any other cmdlets.' `
            'NotConnected' 'InvalidOperation' $null ([UnauthorizedAccessException])
    }
    if (Test-SandboxExpired) {
        Stop-SandboxCommand $Caller ("AADSTS700082: The refresh token has expired due to inactivity. Run " +
            'Connect-MicrosoftTeams again.') 'Unauthorized' 'AuthenticationError' $null ([UnauthorizedAccessException])
    }
    $script:SignIn.Tenant
}

# Errors of the service do not end the command unless ErrorActionPreference says so.
function Write-TeamsError([Management.Automation.PSCmdlet] $Caller, [string] $Code, [string] $Message, $Target) {
    $Caller.WriteError((New-SandboxError "Error occurred while executing `nCode: $Code`nMessage: $Message" $Code 'InvalidOperation' $Target))
}

function Find-Team([Management.Automation.PSCmdlet] $Caller, [string] $GroupId) {
    $team = (Get-TeamsTenant $Caller).Teams.Where({ $_.GroupId -eq $GroupId }, 'First')
    if ($team) { return $team[0] }
    Write-TeamsError $Caller 'NotFound' "No team found with Group Id $GroupId" $GroupId
}

function New-TeamObject($Row) {
    New-SandboxObject 'Microsoft.TeamsCmdlets.PowerShell.Custom.Model.TeamSettings' ([ordered]@{
        GroupId      = $Row.GroupId
        DisplayName  = $Row.DisplayName
        Visibility   = $Row.Visibility
        Archived     = $Row.Archived
        MailNickName = $Row.MailNickName
        Description  = $Row.Description
    })
}

# Before a sign-in the real cmdlet does not fail, it hangs; here for five minutes.
function Get-CsTenant {
    [CmdletBinding()] param()
    Enter-SandboxCommand $PSCmdlet
    if (-not $script:SignIn) { Wait-Sandbox 300 }
    $tenant = Get-TeamsTenant $PSCmdlet
    New-SandboxObject 'Microsoft.Rtc.Management.ConfigApi.Cmdlets.Tenant' ([ordered]@{
        TenantId              = [guid] $tenant.ID
        DisplayName           = $tenant.DisplayName
        Domains               = @($tenant.Domain, $tenant.InitialDomain)
        VerifiedDomains       = @($tenant.Domain, $tenant.InitialDomain)
        CountryAbbreviation   = 'DE'
        PreferredLanguage     = 'en'
        TeamsUpgradeEffectiveMode = 'TeamsOnly'
    })
}

function Get-CsOnlineUser {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline)] [string] $Identity, [int] $ResultSize = 1000)
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $tenant = Get-TeamsTenant $PSCmdlet
        $users = @($tenant.Accounts.Where({ -not $Identity -or $Identity -in $_.UserPrincipalName, $_.ObjectID, $_.DisplayName }))
        if ($Identity -and -not $users) { return Write-TeamsError $PSCmdlet 'NotFound' "User $Identity was not found." $Identity }
        foreach ($user in $users[0..([Math]::Min($ResultSize, $users.Count) - 1)]) {
            New-SandboxObject 'Microsoft.Rtc.Management.ConfigApi.Cmdlets.OnlineUser' ([ordered]@{
                DisplayName            = $user.DisplayName
                UserPrincipalName      = $user.UserPrincipalName
                SipAddress             = "sip:$($user.UserPrincipalName)"
                Identity               = $user.ObjectID
                Department             = $user.Department
                TenantId               = $tenant.ID
                AccountEnabled         = $true
                AccountType            = if ($user.HomeTenant -eq $tenant.ID) { 'User' } else { 'Guest' }
                EnterpriseVoiceEnabled = $false
            })
        }
    }
}

function Get-Team {
    [CmdletBinding()]
    param(
        [Parameter(ValueFromPipelineByPropertyName)] [string] $GroupId,
        [string] $DisplayName,
        [string] $MailNickName,
        [string] $User,
        [string] $Visibility,
        [Nullable[bool]] $Archived
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        if ($GroupId) {
            $team = Find-Team $PSCmdlet $GroupId
            if ($team) { New-TeamObject $team }
            return
        }
        foreach ($team in (Get-TeamsTenant $PSCmdlet).Teams) {
            if ($DisplayName -and $team.DisplayName -ne $DisplayName) { continue }
            if ($MailNickName -and $team.MailNickName -ne $MailNickName) { continue }
            if ($User -and $User -notin @($team.Owners) + @($team.Members)) { continue }
            if ($Visibility -and $team.Visibility -ne $Visibility) { continue }
            if ($null -ne $Archived -and $team.Archived -ne $Archived) { continue }
            New-TeamObject $team
        }
    }
}

function New-Team {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [ValidateLength(1, 256)] [string] $DisplayName,
        [string] $Description = '',
        [string] $MailNickName,
        [ValidateSet('Private', 'Public', 'HiddenMembership')] [string] $Visibility = 'Private',
        [string] $Owner
    )
    Enter-SandboxCommand $PSCmdlet
    $tenant = Get-TeamsTenant $PSCmdlet
    $team = [pscustomobject]@{
        GroupId      = [guid]::NewGuid().ToString()
        DisplayName  = $DisplayName
        MailNickName = if ($MailNickName) { $MailNickName } else { $DisplayName -replace '[^\w-]' }
        Description  = $Description
        Visibility   = $Visibility
        Archived     = $false
        Owners       = @(if ($Owner) { $Owner } else { $script:SignIn.Account })
        Members      = @()
        Channels     = @('General')
    }
    if ($tenant.Teams.Where({ $_.MailNickName -eq $team.MailNickName })) {
        return Write-TeamsError $PSCmdlet 'BadRequest' "Another object with the same value for property mailNickname already exists." $DisplayName
    }
    $tenant.Teams = @($tenant.Teams) + $team
    New-TeamObject $team
}

function Set-Team {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)] [string] $GroupId,
        [string] $DisplayName,
        [string] $Description,
        [ValidateSet('Private', 'Public')] [string] $Visibility
    )
    Enter-SandboxCommand $PSCmdlet
    $team = Find-Team $PSCmdlet $GroupId
    if (-not $team) { return }
    foreach ($name in 'DisplayName', 'Description', 'Visibility') {
        if ($PSBoundParameters.ContainsKey($name)) { $team.$name = $PSBoundParameters[$name] }
    }
    New-TeamObject $team
}

function Remove-Team {
    [CmdletBinding()] param([Parameter(Mandatory, ValueFromPipelineByPropertyName)] [string] $GroupId)
    Enter-SandboxCommand $PSCmdlet
    $team = Find-Team $PSCmdlet $GroupId
    if ($team) { $script:SignIn.Tenant.Teams = @($script:SignIn.Tenant.Teams.Where({ $_.GroupId -ne $GroupId })) }
}

function Get-TeamUser {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)] [string] $GroupId,
        [ValidateSet('Owner', 'Member', 'Guest')] [string] $Role
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $team = Find-Team $PSCmdlet $GroupId
        if (-not $team) { return }
        $people = @($team.Owners).ForEach({ @{ User = $_; Role = 'owner' } }) + @($team.Members).ForEach({ @{ User = $_; Role = 'member' } })
        foreach ($person in $people) {
            if ($Role -and $person.Role -ne $Role) { continue }
            $account = $script:SignIn.Tenant.Accounts.Where({ $_.UserPrincipalName -eq $person.User }, 'First')
            New-SandboxObject 'Microsoft.TeamsCmdlets.PowerShell.Custom.Model.TeamUser' ([ordered]@{
                UserId = $account.ObjectID; User = $person.User; Name = $account.DisplayName; Role = $person.Role
            })
        }
    }
}

function Add-TeamUser {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)] [string] $GroupId,
        [Parameter(Mandatory)] [string] $User,
        [ValidateSet('Owner', 'Member')] [string] $Role = 'Member'
    )
    Enter-SandboxCommand $PSCmdlet
    $team = Find-Team $PSCmdlet $GroupId
    if (-not $team) { return }
    if (-not $script:SignIn.Tenant.Accounts.Where({ $_.UserPrincipalName -eq $User })) {
        return Write-TeamsError $PSCmdlet 'Request_ResourceNotFound' "Could not find member $User." $User
    }
    $list = if ($Role -eq 'Owner') { 'Owners' } else { 'Members' }
    if ($User -notin $team.$list) { $team.$list = @($team.$list) + $User }
}

function Remove-TeamUser {
    [CmdletBinding()]
    param([Parameter(Mandatory, ValueFromPipelineByPropertyName)] [string] $GroupId, [Parameter(Mandatory)] [string] $User)
    Enter-SandboxCommand $PSCmdlet
    $team = Find-Team $PSCmdlet $GroupId
    if (-not $team) { return }
    foreach ($list in 'Owners', 'Members') { $team.$list = @(@($team.$list).Where({ $_ -ne $User })) }
}

function Get-TeamChannel {
    [CmdletBinding()] param([Parameter(Mandatory, ValueFromPipelineByPropertyName)] [string] $GroupId)
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $team = Find-Team $PSCmdlet $GroupId
        if (-not $team) { return }
        foreach ($channel in $team.Channels) {
            New-SandboxObject 'Microsoft.TeamsCmdlets.PowerShell.Custom.Model.TeamChannel' ([ordered]@{
                Id = "19:$($channel.ToLowerInvariant())@thread.tacv2"; DisplayName = $channel; Description = ''; MembershipType = 'Standard'
            })
        }
    }
}

#endregion

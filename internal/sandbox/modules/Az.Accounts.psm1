#region Az.Accounts

$script:Module = 'azure'
$script:Context = $null   # the context object of whoever is signed in
$script:Config = @{}

function Connect-AzAccount {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Alias('DeviceCode', 'DeviceAuth', 'Device')] [switch] $UseDeviceAuthentication,
        [string] $AccessToken,
        [string] $AccountId,
        [string] $MicrosoftGraphAccessToken,
        [string] $KeyVaultAccessToken,
        [switch] $SkipValidation,
        [Alias('Domain', 'TenantId')] [string] $Tenant,
        [Alias('SubscriptionName', 'SubscriptionId')] [string] $Subscription,
        [Alias('EnvironmentName')] [string] $Environment = 'AzureCloud',
        [string] $ContextName,
        [switch] $SkipContextPopulation,
        [ValidateSet('Process', 'CurrentUser')] [string] $Scope = 'CurrentUser',
        [switch] $Force
    )
    $fault = Enter-SandboxCommand $PSCmdlet
    if (-not $PSCmdlet.ShouldProcess('Connect-AzAccount', 'log in')) { return }
    $authority = if ($Tenant) { $Tenant } else { 'organizations' }
    try {
        $token = if ($AccessToken) {
            if (-not $AccountId) { throw [ArgumentException]::new('AccessToken needs AccountId.') }
            $refused = Test-AzSandboxToken $AccessToken $Tenant
            if ($refused -and -not $SkipValidation) { throw [InvalidOperationException]::new($refused) }
            $AccessToken
        } elseif ($UseDeviceAuthentication) {
            Get-SandboxToken $authority '1950a258-227b-4e31-a9cf-717495945fc2' 'https://management.azure.com' $fault {
                $code = $args[0]
                $underlined = "`e[4m$($code.user_code)`e[24m"
                Microsoft.PowerShell.Utility\Write-Host "[Login to Azure] $($code.message.Replace($code.user_code, $underlined))"
            }
        } else {
            throw [InvalidOperationException]::new('InteractiveBrowserCredential authentication failed: the sandbox has no browser. ' +
                'Use -UseDeviceAuthentication or -AccessToken.')
        }
        $signIn = New-SandboxSignIn $token
        if ($AccountId) { $signIn.Account = $AccountId }
        $signIn.Refused = if ($AccessToken) { $refused } # with SkipValidation the service is the first to say so
    } catch {
        $text = $_.Exception.Message
        Microsoft.PowerShell.Utility\Write-Warning "Unable to acquire token for tenant '$authority' with error '$text'"
        Stop-SandboxCommand $PSCmdlet $text 'ConnectFailed' 'CloseError'
    }
    $script:SignIn = $signIn
    $chosen = $signIn.Tenant.Subscriptions[0]
    if ($Subscription) { $chosen = $signIn.Tenant.Subscriptions.Where({ $Subscription -in $_.Id, $_.Name }, 'First')[0] }
    $script:Context = New-AzSandboxContext $chosen
    New-SandboxObject 'Microsoft.Azure.Commands.Profile.Models.Core.PSAzureProfile' @{
        Context      = $script:Context
        Environments = @('AzureCloud')
    }
}

function New-AzSandboxContext($Subscription) {
    $signIn = $script:SignIn
    $named = { param($name, $value) $value.PSObject.Members.Add([psscriptmethod]::new('ToString', $name), $true); $value }
    $account = & $named { $this.Id } ([pscustomobject]@{ Id = $signIn.Account; Type = 'User'; Tenants = @($signIn.TenantId) })
    $tenant = & $named { $this.Id } ([pscustomobject]@{ Id = $signIn.TenantId; Name = $signIn.Tenant.DisplayName })
    $chosen = & $named { $this.Name } ([pscustomobject]@{
        Id = $Subscription.Id; Name = $Subscription.Name; State = $Subscription.State; TenantId = $signIn.TenantId })
    New-SandboxObject 'Microsoft.Azure.Commands.Profile.Models.Core.PSAzureContext' ([ordered]@{
        Name         = "$($Subscription.Name) ($($Subscription.Id)) - $($signIn.TenantId) - $($signIn.Account)"
        Account      = $account
        Environment  = & $named { $this.Name } ([pscustomobject]@{ Name = 'AzureCloud' })
        Subscription = $chosen
        Tenant       = $tenant
    })
}

# Why Azure refuses a token, or nothing.
function Test-AzSandboxToken([string] $Token, [string] $Tenant) {
    $refused = Test-SandboxToken $Token 'https://management.azure.com'
    if ($refused) { return $refused }
    $claims = Read-SandboxToken $Token
    if ($Tenant -and (Get-SandboxTenant $Tenant).ID -ne $claims.tid) {
        "The access token is from the wrong issuer: it is of the tenant $($claims.tid) and not of $Tenant."
    }
}

# Throws the texts of the real cmdlets where nobody is signed in, or not any more.
function Assert-AzSandboxSignIn([Management.Automation.PSCmdlet] $Caller) {
    $text = if (-not $script:SignIn) {
        'Run Connect-AzAccount to login.'
    } elseif ($script:SignIn.Refused) {
        "InvalidAuthenticationToken: $($script:SignIn.Refused)"
    } elseif (Test-SandboxExpired) {
        'Your Azure credentials have not been set up or have expired, please run Connect-AzAccount to set up your Azure credentials.'
    }
    if ($text) {
        Stop-SandboxCommand $Caller $text 'NotSignedIn' 'CloseError' $null ([InvalidOperationException])
    }
}

# The real cmdlet reads a cache too: it proves nothing about the sign-in.
function Get-AzContext {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $Name, [switch] $ListAvailable, [switch] $RefreshContextFromTokenCache)
    Enter-SandboxCommand $PSCmdlet
    if (-not $script:Context -or ($Name -and $Name -ne $script:Context.Name)) { return }
    if (-not $ListAvailable) { return $script:Context }
    foreach ($subscription in $script:SignIn.Tenant.Subscriptions) { New-AzSandboxContext $subscription }
}

function Set-AzContext {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Position = 0)] [Alias('SubscriptionId', 'SubscriptionName')] [string] $Subscription,
        [Alias('Domain', 'TenantId')] [string] $Tenant,
        [Parameter(ValueFromPipeline)] $Context,
        [ValidateSet('Process', 'CurrentUser')] [string] $Scope,
        [switch] $Force
    )
    process {
        Enter-SandboxCommand $PSCmdlet
        Assert-AzSandboxSignIn $PSCmdlet
        if ($Context) { $Subscription = $Context.Subscription.Id }
        if ($Tenant -and $Tenant -notin $script:SignIn.TenantId, $script:SignIn.Tenant.Domain, $script:SignIn.Tenant.InitialDomain) {
            Stop-SandboxCommand $PSCmdlet ("Unable to acquire token for tenant '$Tenant'. Run Connect-AzAccount " +
                "-Tenant $Tenant.") 'TenantNotFound' 'CloseError' $Tenant
        }
        $found = $script:SignIn.Tenant.Subscriptions.Where({ -not $Subscription -or $Subscription -in $_.Id, $_.Name }, 'First')
        if (-not $found) {
            Stop-SandboxCommand $PSCmdlet "Please provide a valid tenant or a valid subscription." `
                'SubscriptionNotFound' 'CloseError' $Subscription ([ArgumentException])
        }
        if ($PSCmdlet.ShouldProcess($found[0].Name, 'set the context')) { $script:Context = New-AzSandboxContext $found[0] }
        $script:Context
    }
}

function Select-AzContext {
    [CmdletBinding(SupportsShouldProcess)]
    param([Parameter(Mandatory, Position = 0, ValueFromPipelineByPropertyName)] [string] $Name)
    process {
        Enter-SandboxCommand $PSCmdlet
        Assert-AzSandboxSignIn $PSCmdlet
        foreach ($subscription in $script:SignIn.Tenant.Subscriptions) {
            $context = New-AzSandboxContext $subscription
            if ($context.Name -ne $Name) { continue }
            if ($PSCmdlet.ShouldProcess($Name, 'select the context')) { $script:Context = $context }
            return $script:Context
        }
        Stop-SandboxCommand $PSCmdlet "Context '$Name' could not be found." 'ContextNotFound' 'CloseError' $Name
    }
}

function Get-AzSubscription {
    [CmdletBinding()]
    param([string] $SubscriptionId, [string] $SubscriptionName, [string] $TenantId)
    Enter-SandboxCommand $PSCmdlet
    Assert-AzSandboxSignIn $PSCmdlet
    $found = $script:SignIn.Tenant.Subscriptions.Where({
        (-not $SubscriptionId -or $_.Id -eq $SubscriptionId) -and (-not $SubscriptionName -or $_.Name -eq $SubscriptionName)
    })
    if ($TenantId -and $TenantId -notin $script:SignIn.TenantId, $script:SignIn.Tenant.InitialDomain) { $found = @() }
    if (-not $found -and ($SubscriptionId -or $SubscriptionName)) {
        Stop-SandboxCommand $PSCmdlet ("Subscription $SubscriptionId$SubscriptionName was not found in tenant " +
            "$($script:SignIn.TenantId). Please verify that the subscription exists in this tenant.") 'SubscriptionNotFound' 'CloseError'
    }
    foreach ($subscription in $found) {
        New-SandboxObject 'Microsoft.Azure.Commands.Profile.Models.PSAzureSubscription' ([ordered]@{
            Id = $subscription.Id; Name = $subscription.Name; State = $subscription.State
            SubscriptionId = $subscription.Id; TenantId = $script:SignIn.TenantId
        })
    }
}

function Get-AzTenant {
    [CmdletBinding()] param([Parameter(Position = 0)] [string] $TenantId)
    Enter-SandboxCommand $PSCmdlet
    Assert-AzSandboxSignIn $PSCmdlet
    foreach ($tenant in Read-SandboxJson 'directory.json') {
        $member = $tenant.Accounts.Where({ $_.UserPrincipalName -eq $script:SignIn.Account }, 'First')
        if (-not $member -or ($TenantId -and $TenantId -notin $tenant.ID, $tenant.Domain, $tenant.InitialDomain)) { continue }
        New-SandboxObject 'Microsoft.Azure.Commands.Profile.Models.PSAzureTenant' ([ordered]@{
            Id             = $tenant.ID
            TenantId       = $tenant.ID
            Name           = $tenant.DisplayName
            TenantCategory = if ($member[0].HomeTenant -eq $tenant.ID) { 'Home' } else { 'Projected' }
            Domains        = @($tenant.InitialDomain, $tenant.Domain)
            DefaultDomain  = $tenant.Domain
        })
    }
}

# Errors of the service are answers with a status code, as in the real cmdlet, not errors of the command.
function Invoke-AzRestMethod {
    [CmdletBinding(SupportsShouldProcess, DefaultParameterSetName = 'ByPath')]
    param(
        [Parameter(Mandatory, ParameterSetName = 'ByPath', Position = 0)] [string] $Path,
        [Parameter(Mandatory, ParameterSetName = 'ByURI')] [uri] $Uri,
        [ValidateSet('GET', 'POST', 'PUT', 'PATCH', 'DELETE')] [string] $Method = 'GET',
        [string] $Payload
    )
    Enter-SandboxCommand $PSCmdlet
    if (-not $script:SignIn.Refused) { Assert-AzSandboxSignIn $PSCmdlet } # a refusal of the service is an answer like any other
    if (-not $Uri) { $Uri = [uri]::new([uri] 'https://management.azure.com', $Path) }
    if ($Method -ne 'GET' -and -not $PSCmdlet.ShouldProcess($Uri, $Method)) { return }
    $status, $body = Get-AzSandboxAnswer $Uri $Method $Payload
    New-SandboxObject 'Microsoft.Azure.Commands.Profile.Models.PSHttpResponse' ([ordered]@{
        Headers    = @{ 'Content-Type' = 'application/json; charset=utf-8' }
        Version    = [version] '1.1'
        StatusCode = $status
        Method     = $Method
        Content    = if ($null -ne $body) { Microsoft.PowerShell.Utility\ConvertTo-Json -InputObject $body -Depth 10 } else { '' }
    })
}

# What Azure Resource Manager answers: a status and a body.
function Get-AzSandboxAnswer([uri] $Uri, [string] $Method, [string] $Payload) {
    $refusal = { param($status, $code, $message) $status; [ordered]@{ error = [ordered]@{ code = $code; message = $message } } }
    if ($Uri.Host -ne 'management.azure.com') {
        return & $refusal 404 'NotFound' "The sandbox knows management.azure.com only, not $($Uri.Host)."
    }
    if ($script:SignIn.Refused) { return & $refusal 401 'InvalidAuthenticationToken' $script:SignIn.Refused }
    if ($Uri.Query -notmatch '[?&]api-version=\d') {
        return & $refusal 400 'MissingApiVersionParameter' ('The api-version query parameter (?api-version=) is required ' +
            'for all requests.')
    }
    $steps = $Uri.AbsolutePath.Trim('/') -split '/'
    $tenant = $script:SignIn.Tenant
    if ($steps[0] -eq 'tenants') {
        return 200, @{ value = @([ordered]@{ id = "/tenants/$($tenant.ID)"; tenantId = $tenant.ID; displayName = $tenant.DisplayName
            defaultDomain = $tenant.Domain; tenantCategory = 'Home' }) }
    }
    if ($steps[0] -ne 'subscriptions') {
        return & $refusal 404 'InvalidResourceType' "The resource type could not be found: '$($steps[0])'."
    }
    $about = { param($s) [ordered]@{ id = "/subscriptions/$($s.Id)"; subscriptionId = $s.Id; displayName = $s.Name
        state = $s.State; tenantId = $tenant.ID } }
    if ($steps.Count -eq 1) { return 200, @{ value = @($tenant.Subscriptions.ForEach({ & $about $_ })) } }
    $subscription = $tenant.Subscriptions.Where({ $_.Id -eq $steps[1] }, 'First')[0]
    if (-not $subscription) {
        return & $refusal 404 'SubscriptionNotFound' "The subscription '$($steps[1])' could not be found."
    }
    if ($steps.Count -eq 2) { return 200, (& $about $subscription) }
    if ($steps[2] -ne 'resourcegroups' -or $steps.Count -gt 4) {
        return & $refusal 404 'InvalidResourceType' "The sandbox has resource groups only, not '$($steps[2..$steps.Count] -join '/')'."
    }
    $show = { param($g) [ordered]@{ id = "/subscriptions/$($subscription.Id)/resourceGroups/$($g.Name)"; name = $g.Name
        location = $g.Location; type = 'Microsoft.Resources/resourceGroups'; properties = @{ provisioningState = 'Succeeded' } } }
    if ($steps.Count -eq 3) { return 200, @{ value = @($subscription.ResourceGroups.ForEach({ & $show $_ })) } }
    $name = [uri]::UnescapeDataString($steps[3])
    $group = $subscription.ResourceGroups.Where({ $_.Name -eq $name }, 'First')[0]
    if ($Method -eq 'PUT') {
        $wanted = try { Microsoft.PowerShell.Utility\ConvertFrom-Json -InputObject $Payload } catch { $null }
        if (-not $wanted.location) { return & $refusal 400 'LocationRequired' 'The location property is required for this definition.' }
        if ($group) { return 200, (& $show $group) }
        $group = [pscustomobject]@{ Name = $name; Location = $wanted.location }
        $subscription.ResourceGroups = @($subscription.ResourceGroups) + $group
        return 201, (& $show $group)
    }
    if (-not $group) { return & $refusal 404 'ResourceGroupNotFound' "Resource group '$name' could not be found." }
    if ($Method -ne 'DELETE') { return 200, (& $show $group) }
    $subscription.ResourceGroups = @($subscription.ResourceGroups.Where({ $_.Name -ne $name }))
    202, $null
}

function Get-AzAccessToken {
    [CmdletBinding()]
    param([Alias('Resource', 'ResourceUri')] [string] $ResourceUrl = 'https://management.azure.com/', [string] $TenantId)
    Enter-SandboxCommand $PSCmdlet
    Assert-AzSandboxSignIn $PSCmdlet
    $secure = [securestring]::new()
    foreach ($char in $script:SignIn.Token.ToCharArray()) { $secure.AppendChar($char) }
    New-SandboxObject 'Microsoft.Azure.Commands.Profile.Models.PSSecureAccessToken' ([ordered]@{
        Token     = $secure
        ExpiresOn = $script:SignIn.Expires
        TenantId  = $script:SignIn.TenantId
        UserId    = $script:SignIn.Account
        Type      = 'Bearer'
    })
}

function Update-AzConfig {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [ValidateSet('On', 'Off')] [string] $LoginExperienceV2,
        [bool] $EnableLoginByWam,
        [bool] $DisplayBreakingChangeWarning,
        [bool] $DisplaySurveyMessage,
        [bool] $EnableDataCollection,
        [string] $AppliesTo = 'Az',
        [ValidateSet('CurrentUser', 'Process')] [string] $Scope = 'CurrentUser'
    )
    Enter-SandboxCommand $PSCmdlet
    $keys = 'LoginExperienceV2', 'EnableLoginByWam', 'DisplayBreakingChangeWarning', 'DisplaySurveyMessage', 'EnableDataCollection'
    foreach ($key in $keys) {
        if (-not $PSBoundParameters.ContainsKey($key) -or -not $PSCmdlet.ShouldProcess($key, 'Update-AzConfig')) { continue }
        $script:Config[$key] = $PSBoundParameters[$key]
        New-SandboxObject 'Microsoft.Azure.Commands.Profile.Models.PSConfig' ([ordered]@{
            Key = $key; Value = $PSBoundParameters[$key]; AppliesTo = $AppliesTo; Scope = $Scope
        })
    }
}

function Disable-AzContextAutosave {
    [CmdletBinding(SupportsShouldProcess)]
    param([ValidateSet('CurrentUser', 'Process')] [string] $Scope = 'CurrentUser')
    Enter-SandboxCommand $PSCmdlet
    if ($PSCmdlet.ShouldProcess($Scope, 'Disable-AzContextAutosave')) {
        New-SandboxObject 'Microsoft.Azure.Commands.Profile.Common.ContextAutosaveSettings' ([ordered]@{
            Mode = 'Process'; ContextDirectory = 'None'; ContextFile = 'None'; CacheDirectory = 'None'; CacheFile = 'None'; Settings = @{}
        })
    }
}

function Disconnect-AzAccount {
    [CmdletBinding(SupportsShouldProcess)]
    param([Alias('Id')] [string] $Username, [string] $ContextName, [ValidateSet('CurrentUser', 'Process')] [string] $Scope)
    Enter-SandboxCommand $PSCmdlet
    if (-not $script:Context -or -not $PSCmdlet.ShouldProcess($script:Context.Account.Id, 'log out')) { return }
    $account = $script:Context.Account
    $script:SignIn, $script:Context = $null, $null
    $account
}

function Clear-AzContext {
    [CmdletBinding(SupportsShouldProcess)]
    param([switch] $PassThru, [switch] $Force, [ValidateSet('CurrentUser', 'Process')] [string] $Scope)
    Enter-SandboxCommand $PSCmdlet
    if ($PSCmdlet.ShouldProcess('all contexts', 'Clear-AzContext')) {
        $script:SignIn, $script:Context = $null, $null
        if ($PassThru) { $true }
    }
}

#endregion

#region PnP.PowerShell

$script:Module = 'pnp'
$script:Connection = $null   # the connection object; it is local and proves nothing
$script:Site = $null         # the site's data; empty on an admin site

function Connect-PnPOnline {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $Url,
        [Alias('PnPManagementShell')] [switch] $DeviceLogin,
        [Alias('ApplicationId')] [string] $ClientId,
        [string] $Tenant,
        [string] $AccessToken,
        [switch] $ReturnConnection,
        [switch] $ValidateConnection,
        [string] $AzureEnvironment = 'Production'
    )
    $fault = Enter-SandboxCommand $PSCmdlet
    try {
        $address = [uri] $Url
        $label = $address.Host -replace '\.sharepoint\.com$'
        if ($AccessToken) {
            $token = $AccessToken # used as it is: no check, no network
        } elseif ($DeviceLogin) {
            if (-not $ClientId) { throw [ArgumentException]::new('Please specify a valid ClientId for an Entra ID App registration.') }
            $authority = if ($Tenant) { $Tenant } else { 'organizations' }
            $token = Get-SandboxToken $authority $ClientId "https://$($address.Host)" $fault {
                $code = $args[0]
                $text = if ($env:POWERSHELL_DISTRIBUTION_CHANNEL -eq 'CloudShell') {
                    $code.message
                } else {
                    "Open a browser, navigate to $($code.verification_uri) and authenticate using code $($code.user_code) to proceed."
                }
                Microsoft.PowerShell.Utility\Write-Warning $text
            }
        } else {
            throw [InvalidOperationException]::new('The sandbox has no browser to sign in with: use -DeviceLogin or -AccessToken.')
        }
        $signIn = New-SandboxSignIn $token
        $tenantLabel = $signIn.Tenant.SharePointHost
        # A token is used as it is: that it is for another host, or too old, only shows with the first command.
        if ($AccessToken -and (Test-SandboxToken $AccessToken "https://$($address.Host)")) { $signIn.Expired = $true }
        if ($label -notin $tenantLabel, "$tenantLabel-admin" -and -not $signIn.Expired) {
            throw [InvalidOperationException]::new("AADSTS500011: The resource principal named https://$($address.Host) was not found in " +
                "the tenant named $($signIn.Tenant.DisplayName).")
        }
        $path = '/' + $address.AbsolutePath.Trim('/')
        $site = @($signIn.Tenant.Sites.Where({ $_.Path -eq $path }, 'First'))[0]
        if (-not $site -and $label -eq $tenantLabel -and -not $signIn.Expired) {
            throw [Net.WebException]::new('The remote server returned an error: (404) Not Found.')
        }
    } catch {
        Microsoft.PowerShell.Utility\Write-Warning $_.Exception.Message
        Stop-SandboxCommand $PSCmdlet 'Unable to connect using provided arguments' `
            'InvalidOperation,PnP.PowerShell.Commands.Base.ConnectOnline' 'InvalidOperation' $null ([InvalidOperationException])
    }
    $script:SignIn = $signIn
    $script:Site = if ($label -eq $tenantLabel) { $site }
    $script:Connection = New-SandboxObject 'PnP.PowerShell.Commands.Base.PnPConnection' ([ordered]@{
        ConnectionType   = 'O365'
        ConnectionMethod = if ($AccessToken) { 'AccessToken' } else { 'DeviceLogin' }
        Url              = $Url.TrimEnd('/')
        ClientId         = $ClientId
        ClientSecret     = ''
        Tenant           = $Tenant
        AzureEnvironment = $AzureEnvironment
        PSCredential     = $null
    })
    if ($ReturnConnection) { $script:Connection }
}

function Disconnect-PnPOnline {
    [CmdletBinding()] param()
    Enter-SandboxCommand $PSCmdlet
    if (-not $script:Connection) {
        Stop-SandboxCommand $PSCmdlet 'No connection to disconnect' 'NoConnection' 'InvalidOperation' $null ([InvalidOperationException])
    }
    $script:Connection, $script:SignIn, $script:Site = $null, $null, $null
}

function Assert-PnPConnection([Management.Automation.PSCmdlet] $Caller) {
    if ($script:Connection) { return }
    Stop-SandboxCommand $Caller ('The current connection holds no SharePoint context. Please use one of the ' +
        'Connect-PnPOnline commands which uses the -Url argument to connect.') 'NoConnection' 'InvalidOperation' $null ([InvalidOperationException])
}

# Returns the site that the connection goes to, or fails as the service does.
function Get-PnPSandboxSite([Management.Automation.PSCmdlet] $Caller) {
    Assert-PnPConnection $Caller
    if (Test-SandboxExpired) {
        Stop-SandboxCommand $Caller 'The remote server returned an error: (401) Unauthorized.' `
            'EXCEPTION' 'WriteError' $null ([Net.WebException])
    }
    if ($script:Site) { return $script:Site }
    [pscustomobject]@{ Title = 'SharePoint Admin Center'; Path = '/'; Template = 'TENANTADMIN#0'; Owner = ''; Lists = @() }
}

function Get-PnPConnection {
    [CmdletBinding()] param()
    Enter-SandboxCommand $PSCmdlet
    Assert-PnPConnection $PSCmdlet
    $script:Connection
}

function Get-PnPTenantId {
    [CmdletBinding()] param([string] $TenantUrl)
    Enter-SandboxCommand $PSCmdlet
    if ($TenantUrl) {
        $tenant = Get-SandboxTenant (([uri] $TenantUrl).Host -replace '\.sharepoint\.com$', '.onmicrosoft.com')
        return $tenant.ID
    }
    Assert-PnPConnection $PSCmdlet
    $script:SignIn.TenantId
}

# A guest's user name in SharePoint is made from the address; the mail address is the guest's own.
function New-PnPUser {
    $account = $script:SignIn.Account
    $tenant = $script:SignIn.Tenant
    $known = $tenant.Accounts.Where({ $_.UserPrincipalName -eq $account }, 'First')
    $upn = $account
    if ($known -and $known[0].HomeTenant -ne $tenant.ID) { $upn = "$($account.Replace('@', '_'))#EXT#@$($tenant.InitialDomain)" }
    New-SandboxObject 'Microsoft.SharePoint.Client.User' ([ordered]@{
        Id                = 11
        Title             = $known.DisplayName
        LoginName         = "i:0#.f|membership|$($upn.ToLowerInvariant())"
        Email             = $account
        UserPrincipalName = $upn
    })
}

function Get-PnPWeb {
    [CmdletBinding()] param([Parameter(Position = 0)] [string] $Identity, [string[]] $Includes)
    Enter-SandboxCommand $PSCmdlet
    $site = Get-PnPSandboxSite $PSCmdlet
    New-SandboxObject 'Microsoft.SharePoint.Client.Web' ([ordered]@{
        Title             = $site.Title
        ServerRelativeUrl = $site.Path
        Url               = $script:Connection.Url
        WebTemplate       = ($site.Template -split '#')[0]
        Language          = [uint32] 1033
        CurrentUser       = New-PnPUser
    })
}

function New-PnPListObject($Row) {
    New-SandboxObject 'Microsoft.SharePoint.Client.List' ([ordered]@{
        Title         = $Row.Title
        Id            = [guid] $Row.Id
        Url           = "$($script:Site.Path.TrimEnd('/'))/$($Row.Url)"
        ItemCount     = @($Row.Items).Count
        BaseTemplate  = [int] $Row.BaseTemplate
        Hidden        = $false
    })
}

function Find-PnPList([Management.Automation.PSCmdlet] $Caller, [string] $Identity) {
    $site = Get-PnPSandboxSite $Caller
    $list = $site.Lists.Where({ $Identity -in $_.Title, $_.Id, $_.Url }, 'First')
    if ($list) { return $list[0] }
    Stop-SandboxCommand $Caller "List '$Identity' does not exist at site with URL '$($script:Connection.Url)'." `
        'EXCEPTION' 'WriteError' $Identity
}

function Get-PnPList {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline)] [string] $Identity, [switch] $ThrowExceptionIfListNotFound)
    Enter-SandboxCommand $PSCmdlet
    $site = Get-PnPSandboxSite $PSCmdlet
    if ($ThrowExceptionIfListNotFound) { $null = Find-PnPList $PSCmdlet $Identity }
    foreach ($list in $site.Lists) {
        if (-not $Identity -or $Identity -in $list.Title, $list.Id, $list.Url) { New-PnPListObject $list }
    }
}

function New-PnPList {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)] [string] $Title,
        [ValidateSet('GenericList', 'DocumentLibrary')] [string] $Template = 'GenericList',
        [string] $Url
    )
    Enter-SandboxCommand $PSCmdlet
    $site = Get-PnPSandboxSite $PSCmdlet
    if ($site.Lists.Where({ $_.Title -eq $Title })) {
        Stop-SandboxCommand $PSCmdlet ('A list, survey, discussion board, or document library with the specified ' +
            'title already exists in this Web site. Please choose another title.') 'EXCEPTION' 'WriteError' $Title
    }
    $list = [pscustomobject]@{
        Title        = $Title
        Id           = [guid]::NewGuid().ToString()
        Url          = if ($Url) { $Url } elseif ($Template -eq 'GenericList') { "Lists/$Title" } else { $Title }
        BaseTemplate = if ($Template -eq 'GenericList') { 100 } else { 101 }
        Items        = @()
    }
    $site.Lists = @($site.Lists) + $list
    New-PnPListObject $list
}

# A list item has its fields in FieldValues.
function New-PnPItem([int] $Id, $Row) {
    $fields = [ordered]@{ ID = $Id }
    foreach ($p in $Row.PSObject.Properties) { $fields[$p.Name] = $p.Value }
    New-SandboxObject 'Microsoft.SharePoint.Client.ListItem' ([ordered]@{ Id = $Id; Title = $Row.Title; FieldValues = $fields })
}

function Get-PnPListItem {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $List,
        [int] $Id = 0,
        [string[]] $Fields,
        [int] $PageSize = 0
    )
    Enter-SandboxCommand $PSCmdlet
    $rows = @((Find-PnPList $PSCmdlet $List).Items)
    if ($Id -gt $rows.Count -or $Id -lt 0 -or ($Id -gt 0 -and -not $rows[$Id - 1])) {
        Stop-SandboxCommand $PSCmdlet 'Item does not exist. It may have been deleted by another user.' `
            'EXCEPTION' 'WriteError' $Id
    }
    for ($i = 1; $i -le $rows.Count; $i++) {
        if ($rows[$i - 1] -and ($Id -eq 0 -or $Id -eq $i)) { New-PnPItem $i $rows[$i - 1] }
    }
}

function Add-PnPListItem {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $List, [hashtable] $Values = @{})
    Enter-SandboxCommand $PSCmdlet
    $target = Find-PnPList $PSCmdlet $List
    $fields = @{ Title = '' }
    foreach ($key in $Values.Keys) { $fields[$key] = $Values[$key] }
    $row = [pscustomobject] $fields
    $target.Items = @($target.Items) + $row
    New-PnPItem $target.Items.Count $row
}

function Set-PnPListItem {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $List,
        [Parameter(Mandatory)] [int] $Identity,
        [hashtable] $Values = @{}
    )
    Enter-SandboxCommand $PSCmdlet
    $row = Get-PnPSandboxRow $PSCmdlet (Find-PnPList $PSCmdlet $List) $Identity
    foreach ($key in $Values.Keys) { $row.PSObject.Properties.Add([psnoteproperty]::new($key, $Values[$key]), $true) }
    New-PnPItem $Identity $row
}

# The real cmdlet asks too: unattended callers give -Force.
function Remove-PnPListItem {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)] [string] $List, [Parameter(Mandatory)] [int] $Identity, [switch] $Force)
    Enter-SandboxCommand $PSCmdlet
    $target = Find-PnPList $PSCmdlet $List
    $null = Get-PnPSandboxRow $PSCmdlet $target $Identity
    if (-not $Force -and -not $PSCmdlet.ShouldContinue("Delete list item with id ${Identity}?", 'Confirm')) { return }
    $target.Items[$Identity - 1] = $null # ids are never used again
}

function Get-PnPSandboxRow([Management.Automation.PSCmdlet] $Caller, $List, [int] $Id) {
    if ($Id -ge 1 -and $Id -le @($List.Items).Count -and $List.Items[$Id - 1]) { return $List.Items[$Id - 1] }
    Stop-SandboxCommand $Caller 'Item does not exist. It may have been deleted by another user.' 'EXCEPTION' 'WriteError' $Id
}

function Get-PnPTenantSite {
    [CmdletBinding()] param([Parameter(Position = 0)] [Alias('Url')] [string] $Identity, [switch] $Detailed)
    Enter-SandboxCommand $PSCmdlet
    $null = Get-PnPSandboxSite $PSCmdlet
    $tenant = $script:SignIn.Tenant
    if ($tenant.Accounts[0].UserPrincipalName -ne $script:SignIn.Account) {
        Stop-SandboxCommand $PSCmdlet 'Attempted to perform an unauthorized operation.' 'EXCEPTION' 'WriteError' $null ([UnauthorizedAccessException])
    }
    $root = "https://$($tenant.SharePointHost).sharepoint.com"
    $found = foreach ($site in $tenant.Sites) {
        $address = $root + $site.Path.TrimEnd('/')
        if ($Identity -and $Identity.TrimEnd('/') -ne $address) { continue }
        New-SandboxObject 'PnP.PowerShell.Commands.Model.SPOSite' ([ordered]@{
            Title = $site.Title; Url = $address; Template = $site.Template; Owner = $site.Owner
            StorageQuota = 26214400; Status = 'Active'; LocaleId = 1033
        })
    }
    if ($Identity -and -not $found) {
        Stop-SandboxCommand $PSCmdlet "Cannot get site $Identity." 'EXCEPTION' 'WriteError' $Identity
    }
    $found
}

function Get-PnPAccessToken {
    [CmdletBinding()] param([string] $ResourceTypeName = 'SharePoint', [switch] $Decoded)
    Enter-SandboxCommand $PSCmdlet
    $null = Get-PnPSandboxSite $PSCmdlet
    if ($Decoded) { return Read-SandboxToken $script:SignIn.Token }
    $script:SignIn.Token
}

#endregion

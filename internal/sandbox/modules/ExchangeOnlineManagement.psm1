#region ExchangeOnlineManagement

$script:Module = 'exo'
$script:ConnectionId = $null

function Connect-ExchangeOnline {
    [CmdletBinding()]
    param(
        [switch] $Device,
        [string] $AccessToken,
        [string] $UserPrincipalName,
        [string] $Organization,
        [string] $ExchangeEnvironmentName = 'O365Default',
        [string[]] $CommandName,
        [uint32] $PageSize = 1000,
        [switch] $DisableWAM,
        [switch] $SkipLoadingCmdletHelp,
        [switch] $SkipLoadingFormatData,
        [bool] $ShowProgress,
        [switch] $ShowBanner = $true
    )
    $fault = Enter-SandboxCommand $PSCmdlet
    if ($ShowBanner) {
        Microsoft.PowerShell.Utility\Write-Host "`n-- Exchange Online PowerShell, as the sandbox of Microsoft Master plays it. --`n"
    }
    try {
        $token = if ($AccessToken) {
            if (-not ($UserPrincipalName -or $Organization)) {
                throw [InvalidOperationException]::new('With AccessToken, give UserPrincipalName or Organization too.')
            }
            $refused = Test-SandboxToken $AccessToken 'https://outlook.office365.com'
            if ($refused) { throw [UnauthorizedAccessException]::new("UnAuthorized: $refused") }
            $owner = (Read-SandboxToken $AccessToken).upn
            if ($UserPrincipalName -and $UserPrincipalName -ne $owner) {
                throw [UnauthorizedAccessException]::new("UnAuthorized: The access token is of $owner and not of $UserPrincipalName.")
            }
            if ($Organization -and (Get-SandboxTenant $Organization).ID -ne (Read-SandboxToken $AccessToken).tid) {
                throw [UnauthorizedAccessException]::new("UnAuthorized: The access token is not of the organization $Organization.")
            }
            $AccessToken
        } elseif ($Device) {
            # The module knows no tenant: a guest ends in the home tenant. Its prompt is on no stream of PowerShell.
            Get-SandboxToken 'organizations' 'fb78d390-0c51-40cd-8e17-fdbfab77341b' 'https://outlook.office365.com' $fault {
                [Console]::Out.WriteLine($args[0].message)
            }
        } else {
            throw [InvalidOperationException]::new('A window handle must be configured. The sandbox has no windows: use -Device or -AccessToken.')
        }
        $signIn = New-SandboxSignIn $token
    } catch {
        Stop-SandboxCommand $PSCmdlet $_.Exception.Message 'ConnectFailed' 'OperationStopped'
    }
    $script:SignIn = $signIn
    $script:ConnectionId = [guid]::NewGuid()
}

function Get-ConnectionInformation {
    [CmdletBinding()]
    param([string[]] $ConnectionId, [string[]] $ModulePrefix)
    Enter-SandboxCommand $PSCmdlet
    if (-not $script:SignIn) { return }
    if ($ConnectionId -and "$script:ConnectionId" -notin $ConnectionId) { return }
    $expired = Test-SandboxExpired
    New-SandboxObject 'Microsoft.Exchange.Management.ExoPowershellSnapin.ConnectionInformation' ([ordered]@{
        ConnectionId              = $script:ConnectionId
        State                     = if ($expired) { 'Broken' } else { 'Connected' }
        Id                        = 1
        Name                      = 'ExchangeOnline_1'
        UserPrincipalName         = $script:SignIn.Account
        ConnectionUri             = 'https://outlook.office365.com'
        TokenExpiryTimeUTC        = $script:SignIn.Expires
        CertificateAuthentication = $false
        ModulePrefix              = ''
        Organization              = $script:SignIn.Tenant.InitialDomain
        TenantID                  = $script:SignIn.TenantId
        TokenStatus               = if ($expired) { 'Expired' } else { 'Active' }
    })
}

# The real cmdlet asks too: unattended callers give -Confirm:$false.
function Disconnect-ExchangeOnline {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param([string[]] $ConnectionId, [string[]] $ModulePrefix)
    Enter-SandboxCommand $PSCmdlet
    if (-not $script:SignIn) { return }
    if ($PSCmdlet.ShouldProcess('all sessions of Connect-ExchangeOnline', 'Disconnect')) { $script:SignIn = $null }
}

# Returns the tenant. The real module brings most commands only when it connects: before, they are unknown.
function Get-ExoTenant([Management.Automation.PSCmdlet] $Caller) {
    $name = $Caller.MyInvocation.MyCommand.Name
    if ($script:SignIn -and -not (Test-SandboxExpired)) { return $script:SignIn.Tenant }
    if ($script:SignIn) {
        Stop-SandboxCommand $Caller ('The access token has expired and could not be renewed: AADSTS700082: The ' +
            'refresh token has expired. Run Connect-ExchangeOnline again.') 'Unauthorized' 'AuthenticationError'
    }
    if ($name -like 'Get-EXO*') {
        Stop-SandboxCommand $Caller 'You must call the Connect-ExchangeOnline cmdlet before calling any other cmdlets.' `
            'NotConnected' 'InvalidOperation' $null ([InvalidOperationException])
    }
    Stop-SandboxCommand $Caller ("The term '$name' is not recognized as a name of a cmdlet, function, script " +
        "file, or executable program.`nCheck the spelling of the name, or if a path was included, verify that the path is " +
        'correct and try again.') 'CommandNotFoundException' 'ObjectNotFound' $name ([Management.Automation.CommandNotFoundException])
}

# Errors of Exchange's server come as Write-ErrorMessage would print them.
function Write-ExoError([Management.Automation.PSCmdlet] $Caller, [string] $Type, [string] $Message, $Target) {
    $Caller.WriteError((New-SandboxError "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.$Type|$Message" `
        '[Server=SANDBOX],Write-ErrorMessage' 'NotSpecified' $Target))
}

function Write-ExoNotFound([Management.Automation.PSCmdlet] $Caller, [string] $Identity) {
    Write-ExoError $Caller 'ManagementObjectNotFoundException' ("The operation couldn't be performed because object " +
        "'$Identity' couldn't be found on 'SANDBOX.PROD.OUTLOOK.COM'.") $Identity
}

function Find-ExoMailbox($Tenant, [string] $Identity) {
    $Tenant.Mailboxes.Where({ $Identity -in $_.Alias, $_.DisplayName, $_.PrimarySmtpAddress, $_.ExternalDirectoryObjectId }, 'First')
}

function Find-ExoGroup($Tenant, [string] $Identity) {
    $Tenant.Groups.Where({ $Identity -in $_.Alias, $_.DisplayName, $_.PrimarySmtpAddress }, 'First')
}

# Keeps what matches -Filter: one comparison, as in "Department -eq 'Sales'" or "DisplayName -like 'A*'".
function Select-ExoFilter([Management.Automation.PSCmdlet] $Caller, [object[]] $Rows, [string] $Filter) {
    if (-not $Filter) { return $Rows }
    if ($Filter -notmatch '^\s*(\w+)\s+-(eq|ne|like)\s+[''"](.*)[''"]\s*$') {
        Stop-SandboxCommand $Caller "Invalid filter syntax: `"$Filter`". The sandbox knows PROPERTY -eq|-ne|-like 'VALUE'." `
            'InvalidFilter' 'InvalidArgument' $Filter
    }
    $property, $operator, $value = $Matches[1], $Matches[2], $Matches[3]
    foreach ($row in $Rows) {
        $kept = switch ($operator) {
            'eq' { $row.$property -eq $value }
            'ne' { $row.$property -ne $value }
            'like' { $row.$property -like $value }
        }
        if ($kept) { $row }
    }
}

# Passes on as many rows as ResultSize allows and warns when there were more.
function Limit-ExoRow([object[]] $Rows, [string] $ResultSize) {
    $max = if ($ResultSize -eq 'Unlimited') { [int]::MaxValue } else { [int] $ResultSize }
    if ($Rows.Count -gt $max) {
        Microsoft.PowerShell.Utility\Write-Warning ('There are more results available than are currently displayed. To view them, increase ' +
            'the value for the ResultSize parameter.')
        $Rows = $Rows[0..($max - 1)]
    }
    $Rows
}

function New-ExoMailbox($Row) {
    New-SandboxObject 'Deserialized.Microsoft.Exchange.Data.Directory.Management.Mailbox' ([ordered]@{
        Name                          = $Row.Alias
        DisplayName                   = $Row.DisplayName
        Alias                         = $Row.Alias
        Identity                      = $Row.PrimarySmtpAddress
        UserPrincipalName             = $Row.UserPrincipalName
        PrimarySmtpAddress            = $Row.PrimarySmtpAddress
        RecipientType                 = 'UserMailbox'
        RecipientTypeDetails          = $Row.RecipientTypeDetails
        EmailAddresses                = @("SMTP:$($Row.PrimarySmtpAddress)")
        ExternalDirectoryObjectId     = $Row.ExternalDirectoryObjectId
        Department                    = $Row.Department
        Database                      = $Row.Database
        ProhibitSendQuota             = $Row.ProhibitSendQuota
        HiddenFromAddressListsEnabled = $Row.HiddenFromAddressListsEnabled
        ForwardingSmtpAddress         = $Row.ForwardingSmtpAddress
        WhenCreatedUTC                = $Row.WhenCreatedUTC
    })
}

function Get-Mailbox {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $Filter,
        [string[]] $RecipientTypeDetails,
        [string] $ResultSize = '1000'
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $tenant = Get-ExoTenant $PSCmdlet
        $rows = if ($Identity) { Find-ExoMailbox $tenant $Identity } else { $tenant.Mailboxes }
        if (-not $rows) { return Write-ExoNotFound $PSCmdlet $Identity }
        $rows = @(Select-ExoFilter $PSCmdlet $rows $Filter)
        if ($RecipientTypeDetails) { $rows = @($rows.Where({ $_.RecipientTypeDetails -in $RecipientTypeDetails })) }
        foreach ($row in Limit-ExoRow $rows $ResultSize) { New-ExoMailbox $row }
    }
}

function Get-EXOMailbox {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $Filter,
        [string[]] $RecipientTypeDetails,
        [string[]] $Properties,
        [string[]] $PropertySets = 'Minimum',
        [string] $ResultSize = '1000'
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $tenant = Get-ExoTenant $PSCmdlet
        $rows = if ($Identity) { Find-ExoMailbox $tenant $Identity } else { $tenant.Mailboxes }
        if (-not $rows) { return Write-ExoNotFound $PSCmdlet $Identity }
        $rows = @(Select-ExoFilter $PSCmdlet $rows $Filter)
        if ($RecipientTypeDetails) { $rows = @($rows.Where({ $_.RecipientTypeDetails -in $RecipientTypeDetails })) }
        $wanted = @('ExternalDirectoryObjectId', 'UserPrincipalName', 'Alias', 'DisplayName', 'EmailAddresses', 'PrimarySmtpAddress',
            'RecipientType', 'RecipientTypeDetails', 'Identity') + @($Properties).Where({ $_ })
        foreach ($row in Limit-ExoRow $rows $ResultSize) {
            $mailbox = New-ExoMailbox $row
            if ('All' -notin $PropertySets) { $mailbox = Microsoft.PowerShell.Utility\Select-Object -InputObject $mailbox -Property $wanted }
            $mailbox
        }
    }
}

function Set-Mailbox {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $DisplayName,
        [bool] $HiddenFromAddressListsEnabled,
        [AllowEmptyString()] [string] $ForwardingSmtpAddress,
        [bool] $DeliverToMailboxAndForward,
        [string] $ProhibitSendQuota
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $mailbox = Find-ExoMailbox (Get-ExoTenant $PSCmdlet) $Identity
        if (-not $mailbox) { return Write-ExoNotFound $PSCmdlet $Identity }
        if (-not $PSCmdlet.ShouldProcess($Identity, 'Set-Mailbox')) { return }
        $changed = $false
        foreach ($name in 'DisplayName', 'HiddenFromAddressListsEnabled', 'ForwardingSmtpAddress', 'ProhibitSendQuota') {
            if (-not $PSBoundParameters.ContainsKey($name) -or $mailbox[0].$name -eq $PSBoundParameters[$name]) { continue }
            $mailbox[0].$name = $PSBoundParameters[$name]
            $changed = $true
        }
        if (-not $changed) {
            Microsoft.PowerShell.Utility\Write-Warning ("The command completed successfully but no settings of '$Identity' have been modified.")
        }
    }
}

function Get-MailboxStatistics {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity)
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $mailbox = Find-ExoMailbox (Get-ExoTenant $PSCmdlet) $Identity
        if (-not $mailbox) { return Write-ExoNotFound $PSCmdlet $Identity }
        New-SandboxObject 'Deserialized.Microsoft.Exchange.Data.Mapi.MailboxStatistics' ([ordered]@{
            DisplayName       = $mailbox.DisplayName
            ItemCount         = [int] $mailbox[0].ItemCount
            StorageLimitStatus = 'BelowLimit'
            TotalItemSize     = $mailbox.TotalItemSize
            MailboxGuid       = [guid] $mailbox[0].ExternalDirectoryObjectId
        })
    }
}

function Get-Recipient {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $Filter,
        [string[]] $RecipientTypeDetails,
        [string] $ResultSize = '1000'
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $tenant = Get-ExoTenant $PSCmdlet
        $rows = foreach ($row in @($tenant.Mailboxes) + @($tenant.Groups)) {
            New-SandboxObject 'Deserialized.Microsoft.Exchange.Data.Directory.Management.ReducedRecipient' ([ordered]@{
                Name                 = $row.Alias
                DisplayName          = $row.DisplayName
                Alias                = $row.Alias
                Identity             = $row.PrimarySmtpAddress
                PrimarySmtpAddress   = $row.PrimarySmtpAddress
                RecipientType        = if ($row.GroupType) { 'MailUniversalDistributionGroup' } else { 'UserMailbox' }
                RecipientTypeDetails = if ($row.GroupType) { 'MailUniversalDistributionGroup' } else { $row.RecipientTypeDetails }
            })
        }
        if ($Identity) {
            $rows = @($rows.Where({ $Identity -in $_.Alias, $_.DisplayName, $_.PrimarySmtpAddress }))
            if (-not $rows) { return Write-ExoNotFound $PSCmdlet $Identity }
        }
        $rows = @(Select-ExoFilter $PSCmdlet $rows $Filter)
        if ($RecipientTypeDetails) { $rows = @($rows.Where({ $_.RecipientTypeDetails -in $RecipientTypeDetails })) }
        Limit-ExoRow $rows $ResultSize
    }
}

function New-ExoGroup($Row) {
    New-SandboxObject 'Deserialized.Microsoft.Exchange.Data.Directory.Management.DistributionGroup' ([ordered]@{
        Name               = $Row.DisplayName
        DisplayName        = $Row.DisplayName
        Alias              = $Row.Alias
        Identity           = $Row.PrimarySmtpAddress
        GroupType          = $Row.GroupType
        PrimarySmtpAddress = $Row.PrimarySmtpAddress
        ManagedBy          = @($Row.ManagedBy)
    })
}

function Get-DistributionGroup {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity,
        [string] $ResultSize = '1000'
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $tenant = Get-ExoTenant $PSCmdlet
        $rows = @(if ($Identity) { Find-ExoGroup $tenant $Identity } else { $tenant.Groups })
        if ($Identity -and -not $rows) { return Write-ExoNotFound $PSCmdlet $Identity }
        foreach ($row in Limit-ExoRow $rows $ResultSize) { New-ExoGroup $row }
    }
}

function New-DistributionGroup {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $Name,
        [string] $Alias,
        [string] $PrimarySmtpAddress,
        [string[]] $Members = @()
    )
    Enter-SandboxCommand $PSCmdlet
    $tenant = Get-ExoTenant $PSCmdlet
    if (-not $Alias) { $Alias = $Name -replace '[^\w.-]' }
    if (Find-ExoGroup $tenant $Alias) {
        return Write-ExoError $PSCmdlet 'WindowsTaskException' "The name `"$Name`" is already being used. Please try another name." $Name
    }
    if (-not $PSCmdlet.ShouldProcess($Name, 'New-DistributionGroup')) { return }
    $group = [pscustomobject]@{
        DisplayName        = $Name
        Alias              = $Alias
        PrimarySmtpAddress = if ($PrimarySmtpAddress) { $PrimarySmtpAddress } else { "$Alias@$($tenant.Domain)".ToLowerInvariant() }
        GroupType          = 'Universal'
        ManagedBy          = @($script:SignIn.Account)
        Members            = @($Members)
    }
    $tenant.Groups = @($tenant.Groups) + $group
    New-ExoGroup $group
}

function Get-DistributionGroupMember {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string] $Identity)
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $tenant = Get-ExoTenant $PSCmdlet
        $group = Find-ExoGroup $tenant $Identity
        if (-not $group) { return Write-ExoNotFound $PSCmdlet $Identity }
        foreach ($member in $group[0].Members) {
            $mailbox = Find-ExoMailbox $tenant $member
            New-SandboxObject 'Deserialized.Microsoft.Exchange.Data.Directory.Management.ReducedRecipient' ([ordered]@{
                Name                 = if ($mailbox) { $mailbox[0].Alias } else { $member }
                DisplayName          = if ($mailbox) { $mailbox[0].DisplayName } else { $member }
                RecipientType        = if ($mailbox) { 'UserMailbox' } else { 'MailContact' }
                RecipientTypeDetails = if ($mailbox) { $mailbox[0].RecipientTypeDetails } else { 'MailContact' }
                PrimarySmtpAddress   = $member
            })
        }
    }
}

function Add-DistributionGroupMember {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $Identity,
        [Parameter(Mandatory)] [string] $Member
    )
    Enter-SandboxCommand $PSCmdlet
    $group = Find-ExoGroup (Get-ExoTenant $PSCmdlet) $Identity
    if (-not $group) { return Write-ExoNotFound $PSCmdlet $Identity }
    if ($Member -in $group[0].Members) {
        return Write-ExoError $PSCmdlet 'MemberAlreadyExistsException' "The recipient `"$Member`" is already a member of the group `"$Identity`"." $Member
    }
    if ($PSCmdlet.ShouldProcess($Identity, 'Add-DistributionGroupMember')) { $group[0].Members = @($group[0].Members) + $Member }
}

function New-ExoRule($Mailbox, $Row) {
    $rule = New-SandboxObject 'Deserialized.Microsoft.Exchange.Management.Common.InboxRule' $Row
    $rule.PSObject.Properties.Add([psnoteproperty]::new('Identity', "$($Mailbox.Alias)\$($Row.RuleIdentity)"))
    $rule.PSObject.Properties.Add([psnoteproperty]::new('MailboxOwnerId', $Mailbox.Alias))
    $rule
}

function Get-InboxRule {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] [string] $Identity,
        [Parameter(ValueFromPipeline, ValueFromPipelineByPropertyName)] [Alias('PrimarySmtpAddress')] [string] $Mailbox
    )
    begin { Enter-SandboxCommand $PSCmdlet }
    process {
        $tenant = Get-ExoTenant $PSCmdlet
        $owner = if ($Mailbox) { $Mailbox } else { $script:SignIn.Account }
        $found = Find-ExoMailbox $tenant $owner
        if (-not $found) { return Write-ExoNotFound $PSCmdlet $owner }
        $rules = @($found[0].InboxRules)
        if ($Identity) {
            $rules = @($rules.Where({ $Identity -in $_.Name, $_.RuleIdentity }))
            if (-not $rules) { return Write-ExoNotFound $PSCmdlet $Identity }
        }
        foreach ($rule in $rules) { if ($rule) { New-ExoRule $found[0] $rule } }
    }
}

function New-InboxRule {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0)] [string] $Name,
        [string] $Mailbox,
        [string[]] $SubjectContainsWords = @(),
        [string[]] $From = @(),
        [string] $MoveToFolder,
        [string[]] $ForwardTo = @(),
        [bool] $DeleteMessage,
        [bool] $StopProcessingRules
    )
    Enter-SandboxCommand $PSCmdlet
    $owner = if ($Mailbox) { $Mailbox } else { $script:SignIn.Account }
    $found = Find-ExoMailbox (Get-ExoTenant $PSCmdlet) $owner
    if (-not $found) { return Write-ExoNotFound $PSCmdlet $owner }
    if (-not $PSCmdlet.ShouldProcess($owner, "New-InboxRule $Name")) { return }
    $rules = @($found[0].InboxRules).Where({ $_ })
    $last = ($rules.RuleIdentity | Microsoft.PowerShell.Utility\Measure-Object -Maximum).Maximum
    $rule = [pscustomobject][ordered]@{
        Name                 = $Name
        RuleIdentity         = [string] (1 + $last)
        Enabled              = $true
        Priority             = 1 + $rules.Count
        SubjectContainsWords = $SubjectContainsWords
        From                 = $From
        MoveToFolder         = $MoveToFolder
        ForwardTo            = $ForwardTo
        DeleteMessage        = $DeleteMessage
        StopProcessingRules  = $StopProcessingRules
    }
    $found[0].InboxRules = @($rules) + $rule
    New-ExoRule $found[0] $rule
}

function Remove-InboxRule {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param([Parameter(Mandatory, Position = 0)] [string] $Identity, [string] $Mailbox, [switch] $Force)
    Enter-SandboxCommand $PSCmdlet
    $owner = if ($Mailbox) { $Mailbox } else { $script:SignIn.Account }
    $found = Find-ExoMailbox (Get-ExoTenant $PSCmdlet) $owner
    if (-not $found) { return Write-ExoNotFound $PSCmdlet $owner }
    $rest = @($found[0].InboxRules).Where({ $Identity -notin $_.Name, $_.RuleIdentity })
    if ($rest.Count -eq @($found[0].InboxRules).Count) { return Write-ExoNotFound $PSCmdlet $Identity }
    if ($Force -or $PSCmdlet.ShouldProcess("$owner\$Identity", 'Remove-InboxRule')) { $found[0].InboxRules = @($rest) }
}

function Get-MessageTraceV2 {
    [CmdletBinding()]
    param(
        [string[]] $SenderAddress,
        [string[]] $RecipientAddress,
        [string[]] $Status,
        [datetime] $StartDate = [datetime]::UtcNow.AddDays(-2),
        [datetime] $EndDate = [datetime]::UtcNow,
        [ValidateRange(1, 5000)] [int] $ResultSize = 1000
    )
    Enter-SandboxCommand $PSCmdlet
    $tenant = Get-ExoTenant $PSCmdlet
    if ($EndDate - $StartDate -gt [timespan]::FromDays(10)) {
        return Write-ExoError $PSCmdlet 'ValidationException' 'The date range must not be more than 10 days. Narrow StartDate and EndDate.' $StartDate
    }
    $from, $to = $StartDate.ToUniversalTime(), $EndDate.ToUniversalTime()
    $count = 0
    foreach ($message in $tenant.Messages) {
        $received = [datetime]::UtcNow.AddMinutes(-$message.AgeMinutes)
        if ($received -lt $from -or $received -gt $to) { continue }
        if ($SenderAddress -and $message.SenderAddress -notin $SenderAddress) { continue }
        if ($RecipientAddress -and $message.RecipientAddress -notin $RecipientAddress) { continue }
        if ($Status -and $message.Status -notin $Status) { continue }
        if (++$count -gt $ResultSize) {
            Microsoft.PowerShell.Utility\Write-Warning 'There are more results, use the following command to get more.'
            return
        }
        New-SandboxObject 'Deserialized.Microsoft.Exchange.Management.FfoReporting.MessageTraceV2' ([ordered]@{
            Received         = $received
            SenderAddress    = $message.SenderAddress
            RecipientAddress = $message.RecipientAddress
            Subject          = $message.Subject
            Status           = $message.Status
            Size             = [int] $message.Size
            MessageTraceId   = [guid] $message.MessageTraceId
        })
    }
}

function Get-OrganizationConfig {
    [CmdletBinding()] param()
    Enter-SandboxCommand $PSCmdlet
    $tenant = Get-ExoTenant $PSCmdlet
    [pscustomobject][ordered]@{
        Name             = $tenant.InitialDomain
        DisplayName      = $tenant.DisplayName
        Identity         = $tenant.InitialDomain
        ExternalDirectoryOrganizationId = [guid] $tenant.ID
        IsDehydrated     = $false
        AuditDisabled    = $false
    }
}

function Get-AcceptedDomain {
    [CmdletBinding()] param([Parameter(Position = 0)] [string] $Identity)
    Enter-SandboxCommand $PSCmdlet
    $tenant = Get-ExoTenant $PSCmdlet
    foreach ($domain in $tenant.Domain, $tenant.InitialDomain) {
        if ($Identity -and $domain -ne $Identity) { continue }
        New-SandboxObject 'Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomain' ([ordered]@{
            Name = $domain; DomainName = $domain; DomainType = 'Authoritative'; Default = $domain -eq $tenant.Domain
        })
    }
}

#endregion

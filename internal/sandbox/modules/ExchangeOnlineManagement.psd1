@{
    RootModule           = 'ExchangeOnlineManagement.psm1'
    ModuleVersion        = '3.10.0'
    GUID                 = '4f1a3c1e-6a0b-4d77-9f0e-5b1d2c7a9e01'
    Author               = 'Microsoft Master'
    Description          = "Stand-in of Microsoft Master's sandbox; not Microsoft's module"
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('ExchangeOnlineManagement.format.ps1xml')
    FunctionsToExport    = @(
        'Add-DistributionGroupMember'
        'Connect-ExchangeOnline'
        'Disconnect-ExchangeOnline'
        'Get-AcceptedDomain'
        'Get-ConnectionInformation'
        'Get-DistributionGroup'
        'Get-DistributionGroupMember'
        'Get-EXOMailbox'
        'Get-InboxRule'
        'Get-Mailbox'
        'Get-MailboxStatistics'
        'Get-MessageTraceV2'
        'Get-OrganizationConfig'
        'Get-Recipient'
        'New-DistributionGroup'
        'New-InboxRule'
        'Remove-InboxRule'
        'Set-Mailbox'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}

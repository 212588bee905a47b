@{
    RootModule           = 'PnP.PowerShell.psm1'
    ModuleVersion        = '3.2.0'
    GUID                 = '4f1a3c1e-6a0b-4d77-9f0e-5b1d2c7a9e04'
    Author               = 'Microsoft Master'
    Description          = "Stand-in of Microsoft Master's sandbox; not Microsoft's module"
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('PnP.PowerShell.format.ps1xml')
    FunctionsToExport    = @(
        'Add-PnPListItem'
        'Connect-PnPOnline'
        'Disconnect-PnPOnline'
        'Get-PnPAccessToken'
        'Get-PnPConnection'
        'Get-PnPList'
        'Get-PnPListItem'
        'Get-PnPTenantId'
        'Get-PnPTenantSite'
        'Get-PnPWeb'
        'New-PnPList'
        'Remove-PnPListItem'
        'Set-PnPListItem'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}

@{
    RootModule           = 'Az.Accounts.psm1'
    ModuleVersion        = '5.4.0'
    GUID                 = '4f1a3c1e-6a0b-4d77-9f0e-5b1d2c7a9e02'
    Author               = 'Microsoft Master'
    Description          = "Stand-in of Microsoft Master's sandbox; not Microsoft's module"
    PowerShellVersion    = '7.2'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('Az.Accounts.format.ps1xml')
    FunctionsToExport    = @(
        'Clear-AzContext'
        'Connect-AzAccount'
        'Disable-AzContextAutosave'
        'Disconnect-AzAccount'
        'Get-AzAccessToken'
        'Get-AzContext'
        'Get-AzSubscription'
        'Get-AzTenant'
        'Invoke-AzRestMethod'
        'Select-AzContext'
        'Set-AzContext'
        'Update-AzConfig'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}

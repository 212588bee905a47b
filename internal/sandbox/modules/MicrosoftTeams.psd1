@{
    RootModule           = 'MicrosoftTeams.psm1'
    ModuleVersion        = '7.6.0'
    GUID                 = '4f1a3c1e-6a0b-4d77-9f0e-5b1d2c7a9e03'
    Author               = 'Microsoft Master'
    Description          = "Stand-in of Microsoft Master's sandbox; not Microsoft's module"
    PowerShellVersion    = '7.2'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('MicrosoftTeams.format.ps1xml')
    FunctionsToExport    = @(
        'Add-TeamUser'
        'Connect-MicrosoftTeams'
        'Disconnect-MicrosoftTeams'
        'Get-CsOnlineUser'
        'Get-CsTenant'
        'Get-Team'
        'Get-TeamChannel'
        'Get-TeamUser'
        'New-Team'
        'Remove-Team'
        'Remove-TeamUser'
        'Set-Team'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}

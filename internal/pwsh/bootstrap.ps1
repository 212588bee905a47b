# Starts the host. Its source is in the folder host; mm compiled it with Add-Type, and says where.
param([string] $Socket, [string] $Library, [string] $Culture)
[void] [Reflection.Assembly]::LoadFrom($Library)
[MM.Program]::Run($Socket, $Culture)

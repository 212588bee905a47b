using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Microsoft.PowerShell.Commands;

namespace MM;

/// <summary>Runs one command of a module for mm itself, out of reach of what the user defined: the command is the one that
/// the module exports, parameters are bound by name, preferences have PowerShell's defaults, and the user's variables are
/// as they were afterwards.</summary>
static class ModuleCall
{
    static readonly CmdletInfo getModule = new CmdletInfo("Get-Module", typeof(GetModuleCommand));
    static readonly CmdletInfo importModule = new CmdletInfo("Import-Module", typeof(ImportModuleCommand));
    static readonly CmdletInfo sink = new CmdletInfo("Receive-Output", typeof(Sink));

    /// <summary>The variables that change what a command does or prints, with PowerShell's defaults.</summary>
    static readonly (string Name, object Value)[] defaults =
    {
        ("ErrorActionPreference", ActionPreference.Continue), ("WarningPreference", ActionPreference.Continue),
        ("InformationPreference", ActionPreference.SilentlyContinue), ("VerbosePreference", ActionPreference.SilentlyContinue),
        ("DebugPreference", ActionPreference.SilentlyContinue), ("ProgressPreference", ActionPreference.Continue),
        ("ConfirmPreference", ConfirmImpact.High), ("WhatIfPreference", false),
        ("PSNativeCommandUseErrorActionPreference", false), ("PSModuleAutoLoadingPreference", null),
        ("PSDefaultParameterValues", new DefaultParameterDictionary()), ("LASTEXITCODE", null),
    };

    public static void Run(Session session, Request request, Capture capture)
    {
        SessionStateProxy state = session.Runspace.SessionStateProxy;
        List<(PSVariable Variable, object Value)> saved = Save(state);
        ArrayList errors = Errors(state);
        object[] before = errors?.ToArray();
        try
        {
            CommandInfo command = Resolve(session, request, capture);
            if (command == null) return;
            using PowerShell shell = PowerShell.Create();
            // Not AddCommand: that runs a function outside of its module, where it does not find the module's own functions.
            shell.AddScript("param($command, $parameters) & $command @parameters", true);
            shell.AddArgument(command).AddArgument(new Hashtable(request.Parameters));
            shell.AddCommand(sink).AddParameter(nameof(Sink.Capture), capture);
            capture.Listen(shell.Streams);
            session.Invoke(shell, session.Runspace, null, new List<PSObject>());
        }
        catch (PipelineStoppedException e)
        {
            capture.Stopped(session.Cancelled, e);
        }
        catch (RuntimeException e)
        {
            capture.Threw(e);
        }
        finally
        {
            Restore(state, saved);
            if (errors != null)
            {
                errors.Clear();
                errors.AddRange(before);
            }
        }
    }

    /// <summary>The command as the module exports it; null, with an error record, where there is none.</summary>
    static CommandInfo Resolve(Session session, Request request, Capture capture)
    {
        PSModuleInfo module = Loaded(session, request.Module) ?? Import(session, request.Module, capture);
        if (module == null) return null;
        if (module.ExportedCommands.TryGetValue(request.Command, out CommandInfo command)) return command;
        capture.Threw(new ErrorRecord(
            new CommandNotFoundException("The module " + request.Module + " " + module.Version + " has no command " +
                request.Command + ". Update the module."),
            "CommandNotInModule", ErrorCategory.ObjectNotFound, request.Command));
        return null;
    }

    /// <summary>The loaded module of that name. One without a file is not it: a user can make such a module of any name.</summary>
    static PSModuleInfo Loaded(Session session, string name)
    {
        foreach (PSObject found in Invoke(session, getModule, ("Name", new[] { name })))
        {
            var module = (PSModuleInfo)found.BaseObject;
            if (module.ModuleType != ModuleType.Script || module.Path.Contains(System.IO.Path.DirectorySeparatorChar))
                return module;
        }
        return null;
    }

    static PSModuleInfo Import(Session session, string name, Capture capture)
    {
        try
        {
            foreach (PSObject imported in Invoke(session, importModule, ("Name", new[] { name }), ("Global", true),
                ("PassThru", true), ("DisableNameChecking", true), ("ErrorAction", ActionPreference.Stop)))
                return (PSModuleInfo)imported.BaseObject;
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException)
        {
            bool missing = e.ErrorRecord.FullyQualifiedErrorId.StartsWith("Modules_ModuleNotFound", StringComparison.Ordinal);
            if (!missing)
            {
                capture.Threw(e);
                return null;
            }
        }
        capture.Threw(new ErrorRecord(
            new ItemNotFoundException("The module " + name + " is not installed. Install it in PowerShell: " +
                "Install-PSResource " + name),
            "ModuleNotFound", ErrorCategory.ObjectNotFound, name));
        return null;
    }

    static List<PSObject> Invoke(Session session, CmdletInfo cmdlet, params (string Name, object Value)[] parameters)
    {
        using PowerShell shell = PowerShell.Create();
        shell.AddCommand(cmdlet);
        foreach ((string name, object value) in parameters) shell.AddParameter(name, value);
        var output = new List<PSObject>();
        session.Invoke(shell, session.Runspace, null, output);
        return output;
    }

    /// <summary>Gives the variables their defaults and returns what they were.</summary>
    static List<(PSVariable, object)> Save(SessionStateProxy state)
    {
        var saved = new List<(PSVariable, object)>();
        foreach ((string name, object value) in defaults)
        {
            try
            {
                PSVariable variable = state.PSVariable.Get(name);
                if (variable == null) continue;
                object was = variable.Value;
                variable.Value = value;
                saved.Add((variable, was));
            }
            catch (RuntimeException) { } // read-only, by the user
        }
        return saved;
    }

    static void Restore(SessionStateProxy state, List<(PSVariable Variable, object Value)> saved)
    {
        foreach ((PSVariable variable, object value) in saved)
        {
            try
            {
                variable.Value = value;
                if (state.PSVariable.Get(variable.Name) != variable) state.PSVariable.Set(variable);
            }
            catch (RuntimeException) { }
        }
    }

    static ArrayList Errors(SessionStateProxy state)
    {
        try { return state.PSVariable.GetValue("Error") as ArrayList; }
        catch (RuntimeException) { return null; }
    }
}

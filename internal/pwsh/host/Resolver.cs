using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Threading;

namespace MM;

/// <summary>What a command name stands for: in the session's own tables while it is idle, and in those of a new PowerShell
/// while it is not, and for built-in modules that are not loaded yet. No module is imported for it.</summary>
sealed class Resolver
{
    const int GatePatience = 1000; // ms

    readonly Session session;
    readonly Dictionary<string, (string Kind, string Target, string Module)> builtIn = new(StringComparer.OrdinalIgnoreCase);

    public Resolver(Session session) => this.session = session;

    /// <summary>Reads the tables of a new PowerShell.</summary>
    public void LoadBuiltIn()
    {
        foreach (SessionStateCommandEntry entry in InitialSessionState.CreateDefault().Commands)
        {
            switch (entry)
            {
                case SessionStateAliasEntry alias: builtIn[alias.Name] = ("alias", alias.Definition, ""); break;
                case SessionStateCmdletEntry cmdlet:
                    builtIn[cmdlet.Name] = ("cmdlet", cmdlet.Name, cmdlet.ImplementingType.Assembly.GetName().Name is string a
                        ? ModuleOf(a) : "");
                    break;
                case SessionStateFunctionEntry function: builtIn[function.Name] = ("function", function.Name, ""); break;
            }
        }
    }

    /// <summary>The module of a built-in assembly.</summary>
    static string ModuleOf(string assembly) => assembly switch
    {
        "System.Management.Automation" => "Microsoft.PowerShell.Core",
        "Microsoft.PowerShell.Commands.Management" => "Microsoft.PowerShell.Management",
        "Microsoft.PowerShell.Commands.Utility" => "Microsoft.PowerShell.Utility",
        _ => assembly,
    };

    /// <summary>What the name stands for. Kind is that of the name itself, Resolved what it leads to after aliases, empty where
    /// nobody knows.</summary>
    public Resolved Find(string name)
    {
        if (name.Length == 0) return Resolved.Unknown;
        // An answer leaves a moment before its command lets go of the session: whoever analyses then has to wait, or would
        // not see what the command defined.
        if (!Monitor.TryEnter(session.Gate, session.Busy ? 0 : GatePatience)) return FindBuiltIn(name);
        try { return FindInSession(name); }
        catch (RuntimeException) { return FindBuiltIn(name); }
        catch (InvalidOperationException) { return FindBuiltIn(name); } // the runspace is closed
        finally { Monitor.Exit(session.Gate); }
    }

    Resolved FindInSession(string name)
    {
        CommandInvocationIntrinsics commands = session.Runspace.SessionStateProxy.InvokeCommand;
        string at = name, kind = null;
        for (int hops = 0; hops < 8; hops++)
        {
            CommandInfo found = First(commands, at, CommandTypes.Alias) ??
                First(commands, at, CommandTypes.Function | CommandTypes.Filter) ?? First(commands, at, CommandTypes.Cmdlet);
            if (found is AliasInfo alias)
            {
                kind ??= "alias";
                at = alias.Definition;
                continue;
            }
            if (found != null)
                return new Resolved(kind ?? (found is CmdletInfo ? "cmdlet" : "function"), found.Name, found.ModuleName ?? "", found);
            Resolved known = FindBuiltIn(at);
            if (known.Name.Length > 0) return kind == null ? known : known with { Kind = kind };
            // The alias leads to a module that is not loaded: its name is known, and no more.
            if (kind != null) return new Resolved(kind, at, "", null);
            return FindFile(at);
        }
        return Resolved.Unknown;
    }

    /// <summary>The first command of that name; the search does not load modules.</summary>
    static CommandInfo First(CommandInvocationIntrinsics commands, string name, CommandTypes types)
    {
        foreach (CommandInfo command in commands.GetCommands(name, types, false)) return command;
        return null;
    }

    /// <summary>A program or script: by its path, or on the PATH. PowerShell's own search lists every folder, which takes
    /// milliseconds.</summary>
    static Resolved FindFile(string name)
    {
        string kind = name.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase) ? "script" : "application";
        if (name.Contains('/') || name.Contains('\\')) return new Resolved(kind, name, "", null);
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
        {
            if (folder.Length == 0) continue;
            string path = Path.Combine(folder, name);
            if (File.Exists(path) && (kind == "script" || (File.GetUnixFileMode(path) & Executable) != 0))
                return new Resolved(kind, name, "", null);
        }
        return Resolved.Unknown;
    }

    const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    Resolved FindBuiltIn(string name)
    {
        int slash = name.LastIndexOf('\\');
        if (slash > 0)
        {
            return builtIn.TryGetValue(name.Substring(slash + 1), out var qualified) &&
                string.Equals(qualified.Module, name.Substring(0, slash), StringComparison.OrdinalIgnoreCase)
                ? new Resolved(qualified.Kind, qualified.Target, qualified.Module, null) : Resolved.Unknown;
        }
        if (!builtIn.TryGetValue(name, out var entry)) return Resolved.Unknown;
        if (entry.Kind == "alias" && builtIn.TryGetValue(entry.Target, out var target))
            return new Resolved("alias", target.Target, target.Module, null);
        return new Resolved(entry.Kind, entry.Target, entry.Module, null);
    }
}


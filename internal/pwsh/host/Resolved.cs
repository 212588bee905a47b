using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;

namespace MM;

/// <summary>What a name stands for. Command is set where the session has it loaded.</summary>
sealed record Resolved(string Kind, string Name, string Module, CommandInfo Command)
{
    public static readonly Resolved Unknown = new Resolved("unknown", "", "", null);

    /// <summary>The parameters of cmdlets, and whether they are switches. PowerShell's own metadata takes half a millisecond
    /// each time.</summary>
    static readonly ConcurrentDictionary<Type, Dictionary<string, bool>> known = new();

    static readonly Dictionary<string, bool> common = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Verbose"] = true, ["vb"] = true, ["Debug"] = true, ["db"] = true, ["WhatIf"] = true, ["wi"] = true,
        ["Confirm"] = true, ["cf"] = true, ["ErrorAction"] = false, ["ea"] = false, ["WarningAction"] = false,
        ["InformationAction"] = false, ["ProgressAction"] = false, ["ErrorVariable"] = false, ["WarningVariable"] = false,
        ["InformationVariable"] = false, ["OutVariable"] = false, ["OutBuffer"] = false, ["PipelineVariable"] = false,
    };

    static readonly Dictionary<string, bool> unknown = new(StringComparer.OrdinalIgnoreCase)
    { ["Force"] = true, ["Recurse"] = true, ["PassThru"] = true };

    /// <summary>True where the parameter, which may be abbreviated, is a switch and takes no argument.</summary>
    public bool IsSwitch(string parameter)
    {
        Dictionary<string, bool> own = Parameters();
        if (own.TryGetValue(parameter, out bool isSwitch) || common.TryGetValue(parameter, out isSwitch)) return isSwitch;
        if (Command == null) return false; // nobody knows what it may be short for
        bool found = false;
        foreach (Dictionary<string, bool> table in new[] { own, common })
        {
            foreach (KeyValuePair<string, bool> p in table)
            {
                if (!p.Key.StartsWith(parameter, StringComparison.OrdinalIgnoreCase)) continue;
                if (!p.Value) return false; // ambiguous where another is a switch; then it does not run anyway
                found = true;
            }
        }
        return found;
    }

    Dictionary<string, bool> Parameters()
    {
        try
        {
            switch (Command)
            {
                case CmdletInfo cmdlet: return known.GetOrAdd(cmdlet.ImplementingType, OfCmdlet);
                case FunctionInfo function: return OfFunction(function.ScriptBlock.Ast);
            }
        }
        catch (Exception) { } // an attribute of a type that is not there
        return unknown;
    }

    static Dictionary<string, bool> OfCmdlet(Type type)
    {
        var table = new Dictionary<string, bool>(StringComparer.OrdinalIgnoreCase);
        foreach (PropertyInfo property in type.GetProperties())
        {
            if (!property.IsDefined(typeof(ParameterAttribute), true)) continue;
            bool isSwitch = property.PropertyType == typeof(SwitchParameter);
            table[property.Name] = isSwitch;
            foreach (AliasAttribute alias in property.GetCustomAttributes<AliasAttribute>(true))
                foreach (string name in alias.AliasNames) table[name] = isSwitch;
        }
        return table;
    }

    static Dictionary<string, bool> OfFunction(Ast ast)
    {
        var table = new Dictionary<string, bool>(StringComparer.OrdinalIgnoreCase);
        var definition = ast as FunctionDefinitionAst;
        ParamBlockAst block = (definition?.Body ?? ast as ScriptBlockAst)?.ParamBlock;
        foreach (ParameterAst p in block?.Parameters ?? definition?.Parameters ?? (IEnumerable<ParameterAst>)Array.Empty<ParameterAst>())
            table[p.Name.VariablePath.UserPath] = p.StaticType == typeof(SwitchParameter);
        return table;
    }
}

using System;
using System.Globalization;
using System.Management.Automation;

namespace MM;

/// <summary>PowerShell's own rendering of objects. Public for the script block below.</summary>
public static class Formatter
{
    /// <summary>Out-String by its type: nothing that a user defines takes its place.</summary>
    public static readonly CmdletInfo OutString = new CmdletInfo("Out-String", Type.GetType(
        "Microsoft.PowerShell.Commands.OutStringCommand, Microsoft.PowerShell.Commands.Utility", true));

    static ScriptBlock last; // of the width that was asked for last, which is nearly always the next
    static int lastWidth;

    /// <summary>A steppable Out-String that renders what is written, as it is written. Only on the session's thread.</summary>
    internal static SteppablePipeline Steppable(int width)
    {
        if (last == null || lastWidth != width)
        {
            last = ScriptBlock.Create("& ([MM.Formatter]::OutString) -Stream -Width " + width.ToString(CultureInfo.InvariantCulture));
            lastWidth = width;
        }
        return last.GetSteppablePipeline(CommandOrigin.Internal);
    }
}

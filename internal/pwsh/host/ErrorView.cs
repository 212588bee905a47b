using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace MM;

/// <summary>Renders errors as PowerShell's concise view does. It is made of script, which would meet what the user defined;
/// so it runs in a runspace of its own, opened with the first error.</summary>
sealed class ErrorView
{
    /// <summary>The view asks whether the failed command has a name of its own. Functions of the session are not known in
    /// this runspace, so the command answers for itself.</summary>
    const string KnowsCommand = "param($Name) if ($Name -isnot [Management.Automation.ScriptInfo]) { $Name }";

    readonly Session session;
    readonly Terminal terminal;
    Runspace runspace;

    public ErrorView(Session session, Terminal terminal)
    {
        this.session = session;
        this.terminal = terminal;
    }

    /// <summary>The errors' lines; their messages alone where the view fails or was cancelled.</summary>
    public List<string> Render(List<ErrorRecord> errors, int width)
    {
        var lines = new List<string>();
        try
        {
            if (runspace == null)
            {
                InitialSessionState state = InitialSessionState.CreateDefault2();
                state.Commands.Add(new SessionStateFunctionEntry("Get-Command", KnowsCommand));
                runspace = RunspaceFactory.CreateRunspace(terminal, state);
                runspace.ThreadOptions = PSThreadOptions.UseCurrentThread;
                runspace.Open();
            }
            using PowerShell shell = PowerShell.Create();
            shell.AddCommand(Formatter.OutString).AddParameter("Stream").AddParameter("Width", width);
            var output = new List<PSObject>();
            session.Invoke(shell, runspace, errors, output);
            foreach (PSObject line in output) lines.Add(Text.Plain(line?.BaseObject as string));
        }
        catch (RuntimeException) { lines.Clear(); }
        if (lines.TrueForAll(string.IsNullOrWhiteSpace))
            foreach (ErrorRecord error in errors) lines.Add(Failure.MessageOf(error));
        return lines;
    }
}

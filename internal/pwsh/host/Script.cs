using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace MM;

/// <summary>Runs a user's script.</summary>
static class Script
{
    const string LastResult = "LastResult", LastExitCode = "LASTEXITCODE";

    static readonly CmdletInfo sink = new CmdletInfo("Receive-Output", typeof(Sink));

    public static void Run(Session session, Request request, Capture capture)
    {
        string text = request.Script.TrimStart('\uFEFF');
        SessionStateProxy state = session.Runspace.SessionStateProxy;
        object mark = MarkExitCode(state);
        using (PowerShell shell = PowerShell.Create())
        {
            shell.AddScript(text, false).AddCommand(sink).AddParameter(nameof(Sink.Capture), capture);
            capture.Listen(shell.Streams);
            try
            {
                session.Invoke(shell, session.Runspace, null, new List<PSObject>());
            }
            catch (PipelineStoppedException e)
            {
                capture.Stopped(session.Cancelled, e);
            }
            catch (ParseException e)
            {
                FailToParse(text, e, capture);
            }
            catch (RuntimeException e)
            {
                capture.Threw(e);
            }
            capture.HadErrors |= shell.HadErrors;
        }
        object exitCode = Get(state, LastExitCode);
        if (!ReferenceEquals(exitCode, mark) && LanguagePrimitives.TryConvertTo(exitCode, out int code) && exitCode != null)
            capture.LastExit = code;
        Set(state, LastResult, capture.Kept.ToArray());
        if (request.WantsText && capture.Shown.Count > 0) capture.AppendErrors(session.Errors.Render(capture.Shown, request.Width));
    }

    /// <summary>Parses again: the exception of an incomplete script has no positions.</summary>
    static void FailToParse(string text, ParseException thrown, Capture capture)
    {
        ParseError[] errors = thrown.Errors;
        if (errors == null || errors.Length == 0) Parser.ParseInput(text, out _, out errors);
        ErrorRecord record = errors.Length > 0 ? new ParseException(errors).ErrorRecord : thrown.ErrorRecord;
        capture.FailedToParse(record, errors);
    }

    /// <summary>Puts another object with the same value into $LASTEXITCODE and returns it: where it is still there
    /// afterwards, no native command ended.</summary>
    static object MarkExitCode(SessionStateProxy state)
    {
        object mark = Get(state, LastExitCode) is int code ? (object)code : null;
        if (mark != null) Set(state, LastExitCode, mark);
        return mark;
    }

    static object Get(SessionStateProxy state, string name)
    {
        try
        {
            object value = state.PSVariable.GetValue(name);
            return value is PSObject wrapped ? wrapped.BaseObject : value;
        }
        catch (RuntimeException) { return null; }
    }

    /// <summary>Sets a global variable, unless the user made it read-only.</summary>
    static void Set(SessionStateProxy state, string name, object value)
    {
        try { state.PSVariable.Set(name, value); }
        catch (RuntimeException) { }
    }
}
